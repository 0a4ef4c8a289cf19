"""What we learn and say: folds, boosted trees, calibration, metrics, contributions, reasons."""
