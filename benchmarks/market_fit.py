"""Fit the town's price list to real offers and print it as Python: ``simulation/market.py``.

python -m benchmarks.market_fit DATA/market/engagement_prices_2021.csv > simulation/market.py
"""

from __future__ import annotations

import sys

import pandas as pd

PRODUCTS = {"likes": ["like"], "comments": ["comment"], "followers": ["participate", "friend"]}
QUALITIES = ("low", "mid", "high", "live")
SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)


def fit(offers: pd.DataFrame) -> str:
    """Source text of ``simulation/market.py``."""
    speed = offers.descr.str.extract(r"корость (?:до )?(\d+) ?ед/сут")[0].dropna().astype(float)
    lines = [
        '"""What bought engagement costs; written by ``python -m benchmarks.market_fit``, not by hand.',
        "",
        "Source: market/engagement_prices_2021.csv, 1,656 offers of resellers in roubles of 2021.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        f"QUALITIES = {QUALITIES!r}",
        "# product -> how many offers there are for each quantity of 50 to 10,000 pieces",
        "MENU: dict[str, dict[int, int]] = {",
    ]
    for product, actions in PRODUCTS.items():
        sizes = offers[offers.action.isin(actions)].available
        menu = sizes[sizes.between(50, 10_000) & (sizes % 10 == 0)].value_counts().sort_index()
        lines.append(f"    {product!r}: {dict(zip(menu.index.tolist(), menu.tolist(), strict=True))!r},")
    lines += ["}", f"# product -> quality -> price of one piece at quantiles {SHARES!r}"]
    lines += [f"PRICE_SHARES = {SHARES!r}", "PRICES: dict[str, dict[str, tuple[float, ...]]] = {"]
    for product, actions in PRODUCTS.items():
        lines.append(f"    {product!r}: {{")
        for quality in QUALITIES:
            prices = offers[offers.action.isin(actions) & (offers.quality == quality)].price
            knots = tuple(float(f"{q:.3g}") for q in prices.quantile(list(SHARES)))
            lines.append(f"        {quality!r}: {knots!r},")
        lines.append("    },")
    pace = tuple(float(f"{q:.3g}") for q in speed.quantile(list(SHARES)))
    lines += ["}", "# pieces delivered in a day at the same quantiles", f"SPEEDS = {pace!r}", ""]
    return "\n".join(lines).replace("'", '"')


if __name__ == "__main__":
    sys.stdout.write(fit(pd.read_csv(sys.argv[1])))
