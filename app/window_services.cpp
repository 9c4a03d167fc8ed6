// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/main_window.h"
#include "ui/session/error_text.h"

#include <QFile>
#include <QFileDialog>

namespace cachet {

namespace {

/// A dialog that does not block and lists names itself, so that it looks and works the same everywhere.
void chooseFile(QWidget *parent, const QString &title, QFileDialog::AcceptMode mode,
                std::function<void(std::string)> chosen)
{
    auto *dialog = new QFileDialog(parent, title);
    dialog->setObjectName(QStringLiteral("fileDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setOption(QFileDialog::DontUseNativeDialog);
    dialog->setAcceptMode(mode);
    dialog->setFileMode(mode == QFileDialog::AcceptOpen ? QFileDialog::ExistingFile : QFileDialog::AnyFile);
    dialog->setFilter(dialog->filter() | QDir::System); // block devices
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [chosen = std::move(chosen)](const QString &name) {
        chosen(QFile::encodeName(name).toStdString());
    });
    dialog->open();
}

} // namespace

WindowServices systemServices()
{
    WindowServices services;
    services.env = cachecore::systemEnv();
    services.openSource = systemSourceFactory(services.env);
    services.closer = std::make_shared<DocumentCloser>();
    services.askClose = messageBoxAsker();
    services.chooseOpen = [](QWidget *parent, std::function<void(std::string)> chosen) {
        chooseFile(parent, MainWindow::tr("Open a Disk Image or Device"), QFileDialog::AcceptOpen, std::move(chosen));
    };
    services.chooseCopy = [](QWidget *parent, std::function<void(std::string)> chosen) {
        chooseFile(parent, MainWindow::tr("Save a Copy As"), QFileDialog::AcceptSave, std::move(chosen));
    };
    services.chooseImport = [](QWidget *parent, std::function<void(std::string)> chosen) {
        chooseFile(parent, MainWindow::tr("Import a File"), QFileDialog::AcceptOpen, std::move(chosen));
    };
    services.chooseExport = [](QWidget *parent, std::function<void(std::string)> chosen) {
        chooseFile(parent, MainWindow::tr("Export to a File"), QFileDialog::AcceptSave, std::move(chosen));
    };
    return services;
}

} // namespace cachet
