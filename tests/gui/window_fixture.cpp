// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/window_fixture.h"

#include "app/message_bar.h"
#include "cachecore/source/file_source.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QFile>
#include <QtTest>

namespace cachet_test {

WindowFixture::WindowFixture()
{
    cachet::WindowOptions options;
    options.document.pageSize = 4096;
    window = new cachet::MainWindow(services(), options);
    window->resize(1000, 640);
    window->show();
}

WindowFixture::~WindowFixture()
{
    if (source)
        source->setGate(SourceOp::Read, nullptr);
    delete window.data();
    (void)closer->finish();
}

cachet::WindowServices WindowFixture::services()
{
    cachet::WindowServices services;
    services.env = cachecore::systemEnv();
    services.closer = closer;
    services.openSource = [this, env = services.env, gate = openGate](const std::string &name, bool readOnly)
        -> cachecore::Result<std::shared_ptr<cachecore::BlockSource>> {
        if (openGate)
            openGate->pass();
        auto inner = cachet::fileSourceFactory(env)(name, readOnly);
        if (!inner)
            return inner;
        auto faulty = std::make_shared<FaultSource>(std::move(*inner));
        source = faulty;
        return faulty;
    };
    services.askClose = [this](QWidget *, const cachet::CloseQuestion &, std::function<void(cachet::CloseAnswer)> reply) {
        ++questions;
        reply(answer);
    };
    services.chooseOpen = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(path); };
    services.chooseCopy = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(directory.file("copy.img")); };
    return services;
}

bool WindowFixture::openFile(std::uint64_t size)
{
    original.resize(size);
    for (std::uint64_t i = 0; i < size; ++i)
        original[i] = static_cast<std::byte>((i * 7 + i / 4096) & 0xff);
    path = directory.write("disk.img", original);
    return open(path) && window->session();
}

bool WindowFixture::open(const std::string &name)
{
    bool done = false;
    openFailed = false;
    const auto opened = QObject::connect(window, &cachet::MainWindow::opened, window, [&done] { done = true; });
    const auto failed = QObject::connect(window, &cachet::MainWindow::openFailed, window, [this, &done] {
        openFailed = true;
        done = true;
    });
    window->open(name);
    const bool came = QTest::qWaitFor([&done] { return done; }, 10'000);
    QObject::disconnect(opened);
    QObject::disconnect(failed);
    return came;
}

bool WindowFixture::waitForWrite() const
{
    QCoreApplication::processEvents();
    return QTest::qWaitFor([this] { return !window || !window->session() || !window->session()->document().writing(); }, 10'000);
}

void WindowFixture::type(const char *text) const
{
    QTest::keyClicks(&window->view(), QString::fromLatin1(text));
}

void WindowFixture::press(Qt::Key key, Qt::KeyboardModifiers modifiers) const
{
    QTest::keyClick(&window->view(), key, modifiers);
}

QString WindowFixture::message(const char *key) const
{
    return window->messages().sentence(QString::fromLatin1(key));
}

std::vector<std::byte> WindowFixture::fileBytes() const
{
    QFile file(QFile::decodeName(QByteArray::fromStdString(path)));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArray bytes = file.readAll();
    const auto *data = reinterpret_cast<const std::byte *>(bytes.constData());
    return {data, data + bytes.size()};
}

} // namespace cachet_test
