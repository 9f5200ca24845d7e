"""The channels of a program, each stated once: its number, its edge, its exchange, and what that keeps."""

from __future__ import annotations

from ..ir.exchange import Exchange, Kind
from ..ir.plan import Channel, Plan
from .layout import broken
from .names import quoted

#: The longest line at the margin.
_LINE = 120
#: The classes of `d4p` that stand for the kinds of exchange.
_TYPES = {Kind.FORWARD: "Forward", Kind.ROUND_ROBIN: "RoundRobin", Kind.HASH: "Hash", Kind.BROADCAST: "Broadcast",
          Kind.GATHER: "Gather", Kind.PAIRS: "Pairs", Kind.PAIRS_LEFT: "Pairs", Kind.PAIRS_RIGHT: "Pairs"}  # fmt: skip

_SIDES = {Kind.PAIRS_LEFT: "left", Kind.PAIRS_RIGHT: "right"}


def variable(channel: Channel) -> str:
    """What a program calls a channel."""
    return f"channel_{channel.number}"


def listed(channels: tuple[Channel, ...]) -> str:
    """Some channels as an expression."""
    return f"[{', '.join(map(variable, channels))}]"


def statements(plan: Plan) -> list[str]:
    """The lines that make the channels."""
    return [line for channel in plan.channels for line in _statement(plan, channel)]


def _statement(plan: Plan, channel: Channel) -> list[str]:
    runs = plan.deals(channel)
    arguments = [str(channel.number), quoted(str(channel)), _exchange(channel.edge.exchange, runs)]
    if channel.edge.back:
        arguments.append("back=True")
    if channel.places:
        arguments.append(f"places={quoted(channel.places)}")
    return [f"# {keeps(channel, runs)}", *broken(f"{variable(channel)} = d4p.Channel(", arguments, ")", _LINE)]


def _exchange(exchange: Exchange, runs: bool) -> str:
    arguments = [quoted(field) for field in exchange.fields]
    if exchange.require:
        arguments.append(quoted(list(exchange.require)))
    if runs:
        arguments.append("runs=True")
    if exchange.kind in _SIDES:
        arguments.append(f"side={quoted(_SIDES[exchange.kind])}")
    return f"d4p.{_TYPES[exchange.kind]}({', '.join(arguments)})"


def keeps(channel: Channel, runs: bool) -> str:
    """What an exchange keeps, in a line."""
    edge, exchange = channel.edge, channel.edge.exchange
    what = {
        Kind.FORWARD: f"instance i of {edge.source} feeds instance i of {edge.dest}",
        Kind.ROUND_ROBIN: f"items take turns over the instances of {edge.dest}",
        Kind.HASH: f"items whose {list(exchange.fields)} are equal meet in one instance of {edge.dest}",
        Kind.BROADCAST: f"every instance of {edge.dest} gets every item",
        Kind.GATHER: f"one instance of {edge.dest} gets every item",
        Kind.PAIRS: f"of any two items the instance of {edge.dest} that pairs them gets both",
        Kind.PAIRS_LEFT: f"an instance of {edge.dest} gets all items that it pairs with some of the right",
        Kind.PAIRS_RIGHT: f"an instance of {edge.dest} gets all items that it pairs with some of the left",
    }[exchange.kind]
    if runs:
        what = f"runs of items are dealt to the instances of {edge.dest}"
    elif channel.places:
        what = f"{what}, in the order of the sequential run"
    return f"{what}; leads back" if edge.back else what
