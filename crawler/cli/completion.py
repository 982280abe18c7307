"""``clearcrawl completion``: the completion script of a shell, as click makes it."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    For bash: add `eval "$(clearcrawl completion bash)"` to ~/.bashrc.
    For zsh: add `eval "$(clearcrawl completion zsh)"` to ~/.zshrc.
    For fish: run `clearcrawl completion fish > ~/.config/fish/completions/clearcrawl.fish` once.
    """
    maker = get_completion_class(shell)
    assert maker is not None  # noqa: S101 - click ships all three
    click.echo(maker(ctx.find_root().command, {}, "clearcrawl", "_CLEARCRAWL_COMPLETE").source())
