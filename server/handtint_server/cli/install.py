"""`handtint install` and `handtint uninstall`: the plug-ins for GIMP and Krita."""

from __future__ import annotations

import os
from pathlib import Path

import click

from handtint_server.cli.shared import WEIGHTS_VARIABLE
from handtint_server.editors.environment import EDITORS, TITLES, Environment, Target
from handtint_server.translation import _

_editor = click.argument("editor", type=click.Choice(EDITORS))
_editor_dir = click.option(
    "--editor-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="The editor's settings folder, for an editor that is not found by itself.",
)


@click.command(name="install")
@_editor
@_editor_dir
def command(editor: str, editor_dir: Path | None) -> None:
    """Install the plug-in for GIMP or Krita.

    Every version of the editor that is found gets it, Flatpak and Snap too; running it again
    updates.  Restart the editor afterwards.
    """
    from handtint_server.editors import connection, given, installer

    env = Environment()
    _try_weights()
    if other := _run_by_sudo(env):
        click.echo(
            _(
                "sudo installs for root, in %(home)s, not for %(user)s; for %(user)s run it "
                "without sudo."
            )
            % {"home": env.home, "user": other},
            err=True,
        )
    unit = connection.install_unit(env)
    for target in _targets(editor, editor_dir, env):
        manifest = installer.install(target)
        path = connection.write_connection(target, env)
        click.echo(
            _("%(editor)s: installed version %(version)s in %(folder)s")
            % {"editor": target.title, "version": manifest.version, "folder": target.folder}
        )
        click.echo(_("  how it finds the server: %s") % path)
        if target.kritarc is not None:
            click.echo(_("  enabled in %s") % target.kritarc)
        if target.sandbox:
            click.echo(
                _("  %(editor)s cannot start programs; start the server with: %(command)s")
                % {"editor": target.title, "command": connection.start_by_hand(env)}
            )
    if editor_dir is not None:
        given.note(editor, editor_dir, env)
    if unit is not None:
        click.echo(_("systemd unit: %s") % unit)
    where = {
        "gimp": "Colors > Handtint > Colorize Layer",
        "krita": "Tools > Scripts > Handtint > Colorize Layer",
    }
    click.echo(
        _("Restart %(editor)s; the entry is %(entry)s.")
        % {"editor": TITLES[editor], "entry": where[editor]}
    )


@click.command(name="uninstall")
@_editor
@_editor_dir
def uninstall_command(editor: str, editor_dir: Path | None) -> None:
    """Remove the plug-in from GIMP or Krita, and nothing else."""
    from handtint_server.editors import connection, given, installer

    env = Environment()
    removed = False
    for target in _targets(editor, editor_dir, env):
        if installer.uninstall(target):
            removed = True
            click.echo(
                _("%(editor)s: removed from %(folder)s")
                % {"editor": target.title, "folder": target.folder}
            )
    if not removed:
        click.echo(_("The plug-in is not installed there."))
        return
    given.forget_removed(env)
    in_use = {target.data for target in given.targets_in_use(env)}
    gone = {t.data for t in _targets(editor, editor_dir, env)} - in_use
    for data in sorted(gone):
        connection.remove_connection(data, env)


def _try_weights() -> None:
    """Raise BadCheckpoint for weights that the server could not load later."""
    if weights := os.environ.get(WEIGHTS_VARIABLE):
        from handtint_model import load_colorizer

        load_colorizer(Path(weights), device="cpu")
        click.echo(_("The server will use the weights %s.") % weights)


def _run_by_sudo(env: Environment) -> str:
    """The user who has called sudo; empty if it was not sudo, or called by root."""
    user = env.environ.get("SUDO_USER", "")
    return user if user != "root" and getattr(os, "geteuid", lambda: 1)() == 0 else ""


def _targets(editor: str, editor_dir: Path | None, env: Environment) -> list[Target]:
    from handtint_server.editors.installer import InstallError
    from handtint_server.editors.places import find_targets, given_target

    if editor_dir is not None:
        return [given_target(editor, editor_dir, env)]
    targets = find_targets(editor, env)
    if not targets:
        raise InstallError(
            _(
                "No %s was found. Install and start it once, or name its settings folder with "
                "--editor-dir."
            )
            % TITLES[editor]
        )
    return targets
