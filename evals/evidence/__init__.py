"""Fit the evidence scorer on public data, and report it on the parts that it did not see."""
