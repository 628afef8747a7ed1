"""The `tourtrust` command. Each subcommand imports what it needs when it runs, so `--help` is quick."""

import typer

from tourtrust.commands import bench, clock, demo, evaluate, keys, policies, seed, setup, up, verify

__all__ = ["app"]

app = typer.Typer(
    name="tourtrust",
    help="旅信 TourTrust:旅游市场监管平台 / supervision of the tourism market",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("setup")(setup.setup)
app.command("seed")(seed.seed)
app.command("demo")(demo.demo)
app.command("bench")(bench.bench)
app.add_typer(verify.app, name="verify")
app.add_typer(evaluate.app, name="eval")
app.add_typer(policies.app, name="policies")
app.add_typer(keys.app, name="keys")
app.add_typer(clock.app, name="clock")
