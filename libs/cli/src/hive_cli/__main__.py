"""The `hive` command: its sub-commands, and the one place where failures become exit codes."""

import os
import sys

import typer
from typer._click.exceptions import ClickException  # typer has no public name for a usage error's base

from hive_cli.commands import (
    agents,
    builds,
    configuration,
    decisions,
    logs,
    messages,
    questions,
    reminders,
    rollouts,
    swarm,
    tombstones,
    watch,
)
from hive_cli.invocation import Invocation, split
from hive_cli.output import complain
from hive_cli.problems import Exit, Problem

EPILOG = (
    "Exit codes: 0 done, 1 refused or failed, 2 usage, 3 swarm not reachable, 4 no answer in time. "
    "--state and --json may stand before or after the command."
)

app = typer.Typer(
    name="hive", help="A swarm of long-lived Claude Code agents, from a terminal.", epilog=EPILOG,
    no_args_is_help=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
secret = typer.Typer(help="Keys and tokens for agents.", no_args_is_help=True)


@app.callback()
def root(
    state: str = typer.Option("state", envvar="HIVE_STATE", help="The swarm's state folder."),
    json: bool = typer.Option(False, "--json", help="Answer with JSON; errors too."),
) -> None:
    """A swarm of long-lived Claude Code agents, from a terminal."""
    # Both were taken before this parser saw them; they are declared here for the help and for completion.


app.command("up")(swarm.up)
app.command("demo")(swarm.demo)
app.command("down")(swarm.down)
app.command("setup")(swarm.setup)
app.command("open")(swarm.open_page)
app.command("status")(swarm.status)
app.command("list")(agents.list_agents)
app.command("spawn")(agents.spawn)
app.command("start")(agents.start)
app.command("stop")(agents.stop)
app.command("kill")(agents.kill)
app.command("restart")(agents.restart)
app.command("update")(agents.update)
app.command("rebuild")(agents.rebuild)
app.command("destroy")(agents.destroy)
app.command("logs")(logs.logs)
app.command("update-all")(rollouts.update_all)
app.add_typer(rollouts.inputs, name="inputs")
app.add_typer(builds.builds, name="builds")
app.command("tombstones")(tombstones.tombstones)
app.command("revive")(tombstones.revive)
app.command("purge")(tombstones.purge)
app.command("send")(messages.send)
app.command("inbox")(messages.inbox)
app.command("message")(messages.message)
app.command("file")(messages.file)
app.add_typer(messages.dead, name="dead")
app.command("pending")(decisions.pending)
app.command("diff")(decisions.diff)
app.command("approve")(decisions.approve)
app.command("deny")(decisions.deny)
app.command("history")(decisions.history)
app.command("request-spawn")(configuration.request_spawn)
app.command("drafts")(configuration.drafts)
app.command("discard-draft")(configuration.discard_draft)
app.command("config")(configuration.config)
app.command("questions")(questions.questions)
app.command("ask")(questions.ask)
app.command("answer")(questions.answer)
app.command("cancel")(questions.cancel)
app.command("loose-ends")(questions.loose_ends)
app.command("remind")(reminders.remind)
app.command("reminders")(reminders.reminders)
secret.command("set")(agents.set_secret)
app.add_typer(secret, name="secret")
app.command("tail")(watch.tail)
app.command("tap")(watch.tap)
app.command("call")(watch.call)


@secret.callback()
def keys() -> None:
    """Keys and tokens for agents."""


def main() -> int:
    """Runs one command and returns its exit code."""
    as_json = "--json" in sys.argv
    try:
        invocation, arguments = split(sys.argv[1:])
        return _run(invocation, arguments)
    except Problem as problem:
        complain(problem.code, problem.message, problem.details, as_json=as_json)
        return problem.exit_code
    except KeyboardInterrupt:
        return 130


def _run(invocation: Invocation, arguments: list[str]) -> int:
    try:
        ended = typer.main.get_command(app)(arguments, prog_name="hive", obj=invocation, standalone_mode=False)
    except ClickException as error:
        text = error.format_message()
        complain("usage", text or "see --help", {}, as_json=invocation.json)
        return Exit.USAGE
    except typer.Abort:
        return Exit.FAILED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except Exception as error:
        return _refused(error, invocation)
    return ended if isinstance(ended, int) else Exit.OK


def _refused(error: Exception, invocation: Invocation) -> int:
    """The exit code of a refusal that came over the wire; anything else is raised again."""
    from hive_wire.errors import Refusal

    from hive_cli.problems import exit_code_of

    if not isinstance(error, Refusal):
        raise error
    complain(error.code, error.message, error.details, as_json=invocation.json)
    return exit_code_of(error.code)


if __name__ == "__main__":
    sys.exit(main())
