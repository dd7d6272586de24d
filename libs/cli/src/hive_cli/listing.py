"""A group of commands whose own name lists: `hive builds scout` is `hive builds list scout`."""

from typer._click.core import Context  # typer's public Context is narrower than what its groups are given
from typer.core import TyperGroup

LIST = "list"


class ListingGroup(TyperGroup):
    """Without a sub-command it is `list`, with whatever arguments were given."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in self.get_help_option_names(ctx)):
            args = [LIST, *args]
        return super().parse_args(ctx, args)
