"""The table of figures: ours, the raw limit measured beside it in the same run, and the ratio, which is what counts."""
