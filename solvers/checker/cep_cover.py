"""Every way to settle the units of a district that loses less than there is room for. Standard library, whole numbers.

Units are settled one after the other, in an order that is given: each by a group of a list, by the lower strip of
claim shares, by the upper, or by staying out. ``cep_shares`` says what each of these loses, and what is left to show.
"""

from collections.abc import Callable, Iterator

LOWER, UPPER, OUTSIDE = -1, -2, -3
"""Places of a unit that no group of the list holds."""

Surplus = tuple[int, int, int, int]
"""Sums of q - t N: of the lower strip at its lower and its upper edge, and of the upper strip at its two."""
NONE: Surplus = (0, 0, 0, 0)
Choice = tuple[int, int, Surplus, int, int]
"""What becomes of some units: what it loses, its units as bits, what it adds to the strips' surpluses, their place
(the first unit of a group of the list), and the worth of such a group."""


def covers(
    choices: list[list[Choice]], order: list[int], price: int, room: int, spend: Callable[[int], None]
) -> Iterator[tuple[Choice, ...]]:
    """What becomes of all units, each time that it loses less than ``room``.

    Parameters
    ----------
    choices
        For each unit in its order what may become of it and of none before it, by rising loss.
    price
        Of the surplus of the upper strip over full funding, which earns nothing.
    spend
        Is told how many choices were looked at, and may stop the search.
    """
    rest = [NONE]
    for options in reversed(choices):
        a, b, c, d = rest[-1]
        a += max([0, *(choice[2][0] for choice in options)])
        b += min([0, *(choice[2][1] for choice in options)])
        c += max([0, *(choice[2][2] for choice in options)])
        d += min([0, *(choice[2][3] for choice in options)])
        rest.append((a, b, c, d))
    rest.reverse()
    waiting: list[tuple[int, int, int, Surplus, tuple[Choice, ...]]] = [(0, 0, 0, NONE, ())]
    while waiting:
        depth, taken, lost, (w, x, y, z), made = waiting.pop()
        while depth < len(order) and taken >> order[depth] & 1:
            depth += 1
        a, b, c, d = rest[depth]
        # Groups of a strip together reach its lower edge, and those of the lower one not more than its upper edge.
        if w + a < 0 or x + b > 0 or y + c < 0 or lost + price * max(z + d, 0) >= room:
            spend(1)
            continue
        if depth == len(order):
            spend(1)
            yield made
            continue
        seen, left = 1, room - lost
        for choice in choices[depth]:
            if choice[0] >= left:
                break
            seen += 1
            if not choice[1] & taken:
                p, q, r, s = choice[2]
                sums = (w + p, x + q, y + r, z + s)
                waiting.append((depth + 1, taken | choice[1], lost + choice[0], sums, (*made, choice)))
        spend(seen)
