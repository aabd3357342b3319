"""The picture of a life: how good the answers were, month by month, three ways."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.life.place import month

STYLES = {
    "frozen": ("#8a8f98", "o", "frozen: the model of March"),
    "scheduled": ("#d98b2b", "s", "scheduled: trained again every month"),
    "policy": ("#2166ac", "D", "policy: trained again when stale, kept when better"),
}


def draw(
    figures: Mapping[str, Mapping[int, Mapping[str, float]]],
    changes: Sequence[int],
    path: Path,
) -> None:
    """Draw two panels, ROC AUC and log loss.

    Parameters
    ----------
    figures
        By way, month and metric.
    changes
        Months that began with a successor by policy.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn, panels = plt.subplots(1, 2, figsize=(12, 4.6), constrained_layout=True)
    titles = {"roc_auc": "ROC AUC, higher is better", "log_loss": "Log loss, lower is better"}
    for panel, (metric, title) in zip(panels, titles.items(), strict=True):
        for way, (colour, marker, told) in STYLES.items():
            months = sorted(figures[way])
            values = [figures[way][number][metric] for number in months]
            panel.plot(months, values, color=colour, marker=marker, label=told, linewidth=1.8)
        for number in changes:
            panel.axvline(number - 0.5, color="#2166ac", alpha=0.35, linestyle=":")
        panel.set_title(title, loc="left", fontsize=11)
        panel.set_xticks(sorted(figures["frozen"]))
        panel.set_xticklabels([f"{month(number):%b}" for number in sorted(figures["frozen"])])
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(axis="y", alpha=0.25)
    panels[0].legend(frameon=False, fontsize=9, loc="best")
    drawn.suptitle(
        "Flights of 2013: trained on January to March. Dotted: a successor took over.",
        x=0.01, ha="left", fontsize=11,
    )  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    drawn.savefig(path, dpi=110)
    plt.close(drawn)
