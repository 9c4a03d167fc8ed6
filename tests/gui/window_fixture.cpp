// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/gui/window_fixture.h"

#include "app/message_bar.h"
#include "app/window_actions.h"
#include "cachecore/source/file_source.h"
#include "ui/hexview/hex_view.h"
#include "ui/session/document_session.h"

#include <QAction>
#include <QFile>
#include <QtTest>

#include <algorithm>

namespace cachet_test {

WindowFixture::WindowFixture(WindowSetup setup)
    : m_setup(std::move(setup))
{
    exportPath = directory.file("export.out");
    cachet::WindowOptions options;
    options.readOnly = m_setup.readOnly;
    options.document.pageSize = 4096;
    options.document.journalLimit = m_setup.journalLimit;
    options.document.journals.stateDirectory = directory.file("state");
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
    if (guard && guard->onGuiThread() > 0)
        QTest::qFail("the GUI thread waited for the source", __FILE__, __LINE__);
}

cachet::WindowServices WindowFixture::services()
{
    cachet::WindowServices services;
    services.env = m_setup.env;
    services.closer = closer;
    services.openSource = [this](const std::string &name, bool readOnly) { return makeSource(name, readOnly); };
    if (m_setup.realQuestions)
        services.askClose = cachet::messageBoxAsker();
    else
        services.askClose
            = [this](QWidget *, const cachet::CloseQuestion &asked, std::function<void(cachet::CloseAnswer)> reply) {
                  ++questions;
                  question = asked;
                  reply(answer);
              };
    services.chooseOpen = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(path); };
    services.chooseCopy
        = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(directory.file("copy.img")); };
    services.chooseImport = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(importPath); };
    services.chooseExport = [this](QWidget *, std::function<void(std::string)> chosen) { chosen(exportPath); };
    return services;
}

cachecore::Result<std::shared_ptr<cachecore::BlockSource>> WindowFixture::makeSource(const std::string &name,
                                                                                     bool readOnly)
{
    if (const auto gate = openGate)
        gate->pass();
    std::shared_ptr<cachecore::BlockSource> inner;
    if (m_setup.source) {
        inner = m_setup.source();
    } else {
        auto made = cachet::systemSourceFactory(m_setup.env)(name, readOnly);
        if (!made)
            return made;
        inner = std::move(*made);
    }
    source = std::make_shared<FaultSource>(std::move(inner));
    guard = std::make_shared<GuardedSource>(source);
    return guard;
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

bool WindowFixture::commit() const
{
    QAction *action = window->actions().commit;
    if (!QTest::qWaitFor([action] { return action->isEnabled(); }))
        return false;
    action->trigger();
    return true;
}

bool WindowFixture::waitForWrite() const
{
    QCoreApplication::processEvents();
    return QTest::qWaitFor(
        [this] {
            return !window || !window->session()
                || (!window->session()->document().writing()
                    && window->session()->work() == cachet::DocumentSession::Work::None);
        },
        10'000);
}

void WindowFixture::type(const char *text) const
{
    QTest::keyClicks(&window->view(), QString::fromLatin1(text));
}

void WindowFixture::press(Qt::Key key, Qt::KeyboardModifiers modifiers) const
{
    QTest::keyClick(&window->view(), key, modifiers);
}

cachecore::Document &WindowFixture::document() const
{
    return window->session()->document();
}

std::vector<cachecore::ByteCondition> WindowFixture::conditions(std::uint64_t at, std::size_t count) const
{
    std::vector<std::byte> bytes(count);
    std::vector<cachecore::ByteCondition> conditions(count);
    document().peek(cachecore::ByteOffset(at), bytes, conditions);
    return conditions;
}

std::vector<std::byte> WindowFixture::shown(std::uint64_t at, std::size_t count) const
{
    std::vector<std::byte> bytes(count);
    std::vector<cachecore::ByteCondition> conditions(count);
    document().peek(cachecore::ByteOffset(at), bytes, conditions);
    const bool known = std::ranges::all_of(conditions, [](cachecore::ByteCondition condition) {
        return condition == cachecore::ByteCondition::Loaded || condition == cachecore::ByteCondition::Staged;
    });
    return known ? bytes : std::vector<std::byte>();
}

bool WindowFixture::settled() const
{
    const cachecore::ByteRange visible = window->view().visibleRange();
    const auto all = conditions(visible.begin().value(), static_cast<std::size_t>(visible.length()));
    return !all.empty() && std::ranges::find(all, cachecore::ByteCondition::NotLoaded) == all.end();
}

bool WindowFixture::stage(std::uint64_t at, std::initializer_list<int> values) const
{
    std::vector<std::byte> bytes;
    for (const int value : values)
        bytes.push_back(static_cast<std::byte>(value));
    return document().stage(cachecore::ByteOffset(at), bytes).has_value();
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
