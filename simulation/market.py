"""What bought engagement costs; written by ``python -m benchmarks.market_fit``, not by hand.

Source: market/engagement_prices_2021.csv, 1,656 offers of resellers in roubles of 2021.
"""

from __future__ import annotations

QUALITIES = ("low", "mid", "high", "live")
# product -> how many offers there are for each quantity of 50 to 10,000 pieces
MENU: dict[str, dict[int, int]] = {
    "likes": {50: 6, 100: 81, 200: 1, 300: 26, 500: 56, 1000: 70, 3000: 16, 5000: 11, 10000: 22},
    "comments": {100: 22, 300: 12, 500: 13, 1000: 17, 3000: 4},
    "followers": {50: 2, 100: 194, 300: 55, 500: 161, 1000: 186, 3000: 28, 5000: 71, 10000: 36},
}
# product -> quality -> price of one piece at quantiles (0.1, 0.25, 0.5, 0.75, 0.9)
PRICE_SHARES = (0.1, 0.25, 0.5, 0.75, 0.9)
PRICES: dict[str, dict[str, tuple[float, ...]]] = {
    "likes": {
        "low": (0.05, 0.08, 0.129, 1.29, 3.69),
        "mid": (0.08, 0.098, 0.127, 0.235, 0.985),
        "high": (0.219, 0.378, 0.678, 1.02, 1.88),
        "live": (0.12, 0.244, 0.27, 1.32, 2.46),
    },
    "comments": {
        "low": (0.155, 0.253, 0.415, 0.578, 0.675),
        "mid": (0.175, 0.261, 0.69, 0.732, 0.74),
        "high": (0.677, 0.702, 0.813, 1.04, 1.64),
        "live": (0.53, 0.764, 1.83, 6.45, 33.4),
    },
    "followers": {
        "low": (0.1, 0.157, 0.2, 0.234, 0.372),
        "mid": (0.189, 0.279, 0.32, 0.62, 1.1),
        "high": (0.428, 0.472, 0.592, 1.0, 2.9),
        "live": (0.353, 0.65, 1.14, 1.83, 2.79),
    },
}
# pieces delivered in a day at the same quantiles
SPEEDS = (100.0, 250.0, 800.0, 2000.0, 3000.0)
