"""Where accounts say they are: language, hours from UTC, and places."""

from __future__ import annotations

# language, hours from UTC, weight, places
REGIONS = (
    ("en", -8, 9, ("Seattle", "Los Angeles", "Portland", "San Diego", "Vancouver")),
    ("en", -5, 20, ("New York", "Toronto", "Boston", "Atlanta", "Miami", "Chicago")),
    ("en", 0, 14, ("London", "Leeds", "Dublin", "Glasgow", "Bristol")),
    ("en", 10, 4, ("Sydney", "Melbourne", "Brisbane")),
    ("en", 5.5, 7, ("Mumbai", "Delhi", "Pune", "Chennai")),
    ("es", -6, 7, ("Guadalajara", "Monterrey", "Puebla")),
    ("es", -3, 6, ("Buenos Aires", "Rosario", "Montevideo")),
    ("es", 1, 6, ("Madrid", "Sevilla", "Valencia", "Bilbao")),
    ("it", 1, 8, ("Roma", "Milano", "Napoli", "Torino", "Bologna")),
    ("de", 1, 7, ("Berlin", "Hamburg", "Wien", "Zürich", "Leipzig")),
    ("pt", -3, 7, ("São Paulo", "Recife", "Curitiba", "Salvador")),
    ("id", 7, 5, ("Jakarta", "Bandung", "Surabaya")),
)
