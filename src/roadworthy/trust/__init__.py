"""How far automatic outcomes may be trusted: thresholds with a proof, and tests that may be watched.

A page is loaded when something on it is first asked for: whoever only reads a certificate needs no numerics.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from roadworthy.trust.agreement import (
        Confusion,
        FlipRate,
        JudgeCertificate,
        Kappa,
        SwapProbe,
        certify_judge,
        cohen_kappa,
        flip_rate,
        kappa_of_table,
        swap_probe,
    )
    from roadworthy.trust.certificate import Certificate
    from roadworthy.trust.comparison import Comparison, Verdict, compare, compare_paired
    from roadworthy.trust.confidence import ConfidenceSequence
    from roadworthy.trust.intervals import clopper_pearson, upper_bound, wilson
    from roadworthy.trust.krippendorff import Krippendorff, krippendorff_alpha
    from roadworthy.trust.many import (
        SliceComparison,
        SliceCount,
        WorstSlice,
        benjamini_hochberg,
        compare_slices,
        holm,
        worst_slice,
    )
    from roadworthy.trust.paired import Paired, Scored, pair
    from roadworthy.trust.planning import Plan, labels_for_automation, labels_for_promise
    from roadworthy.trust.predictive import Corrected, corrected_mean, corrected_share, rogan_gladen
    from roadworthy.trust.repeats import Repeated, repeated
    from roadworthy.trust.reports import certify_report, certify_rows, compare_report
    from roadworthy.trust.reviewers import (
        Detection,
        Disagreement,
        Label,
        LabelState,
        Planted,
        Resolution,
        ReviewerError,
        corrected_error,
        double_review,
        errors_of_doubles,
        floor_under_alpha,
        planted_checks,
        resolve,
    )
    from roadworthy.trust.sequential import Alarm, Arm, CanaryWatch, HarmTest, NotWorseTest, State, Tally
    from roadworthy.trust.slices import SliceProof, SliceProofs, certify_slices
    from roadworthy.trust.spotcheck import (
        AffordableShare,
        SpotCheckRule,
        SpotCheckWatch,
        affordable_share,
        drawn,
        inclusion,
    )
    from roadworthy.trust.threshold import (
        Calibration,
        InsufficientEvidence,
        Threshold,
        certify,
        labels_needed,
    )
    from roadworthy.trust.weighted import Checked, ErrorEstimate, hajek, horvitz_thompson

_PAGES = {
    "agreement": (
        "Confusion",
        "FlipRate",
        "JudgeCertificate",
        "Kappa",
        "SwapProbe",
        "certify_judge",
        "cohen_kappa",
        "flip_rate",
        "kappa_of_table",
        "swap_probe",
    ),
    "certificate": ("Certificate",),
    "comparison": ("Comparison", "Verdict", "compare", "compare_paired"),
    "confidence": ("ConfidenceSequence",),
    "intervals": ("clopper_pearson", "upper_bound", "wilson"),
    "krippendorff": ("Krippendorff", "krippendorff_alpha"),
    "many": (
        "SliceComparison",
        "SliceCount",
        "WorstSlice",
        "benjamini_hochberg",
        "compare_slices",
        "holm",
        "worst_slice",
    ),
    "paired": ("Paired", "Scored", "pair"),
    "planning": ("Plan", "labels_for_automation", "labels_for_promise"),
    "predictive": ("Corrected", "corrected_mean", "corrected_share", "rogan_gladen"),
    "repeats": ("Repeated", "repeated"),
    "reports": ("certify_report", "certify_rows", "compare_report"),
    "reviewers": (
        "Detection",
        "Disagreement",
        "Label",
        "LabelState",
        "Planted",
        "Resolution",
        "ReviewerError",
        "corrected_error",
        "double_review",
        "errors_of_doubles",
        "floor_under_alpha",
        "planted_checks",
        "resolve",
    ),
    "sequential": ("Alarm", "Arm", "CanaryWatch", "HarmTest", "NotWorseTest", "State", "Tally"),
    "slices": ("SliceProof", "SliceProofs", "certify_slices"),
    "spotcheck": (
        "AffordableShare",
        "SpotCheckRule",
        "SpotCheckWatch",
        "affordable_share",
        "drawn",
        "inclusion",
    ),
    "threshold": ("Calibration", "InsufficientEvidence", "Threshold", "certify", "labels_needed"),
    "weighted": ("Checked", "ErrorEstimate", "hajek", "horvitz_thompson"),
}
_WHERE = {name: page for page, names in _PAGES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module `roadworthy.trust` has no `{name}`")
    return getattr(import_module(f"roadworthy.trust.{_WHERE[name]}"), name)


__all__ = [
    "AffordableShare",
    "Alarm",
    "Arm",
    "Calibration",
    "CanaryWatch",
    "Certificate",
    "Checked",
    "Comparison",
    "ConfidenceSequence",
    "Confusion",
    "Corrected",
    "Detection",
    "Disagreement",
    "ErrorEstimate",
    "FlipRate",
    "HarmTest",
    "InsufficientEvidence",
    "JudgeCertificate",
    "Kappa",
    "Krippendorff",
    "Label",
    "LabelState",
    "NotWorseTest",
    "Paired",
    "Plan",
    "Planted",
    "Repeated",
    "Resolution",
    "ReviewerError",
    "Scored",
    "SliceComparison",
    "SliceCount",
    "SliceProof",
    "SliceProofs",
    "SpotCheckRule",
    "SpotCheckWatch",
    "State",
    "SwapProbe",
    "Tally",
    "Threshold",
    "Verdict",
    "WorstSlice",
    "affordable_share",
    "benjamini_hochberg",
    "certify",
    "certify_judge",
    "certify_report",
    "certify_rows",
    "certify_slices",
    "clopper_pearson",
    "cohen_kappa",
    "compare",
    "compare_paired",
    "compare_report",
    "compare_slices",
    "corrected_error",
    "corrected_mean",
    "corrected_share",
    "double_review",
    "drawn",
    "errors_of_doubles",
    "flip_rate",
    "floor_under_alpha",
    "hajek",
    "holm",
    "horvitz_thompson",
    "inclusion",
    "kappa_of_table",
    "krippendorff_alpha",
    "labels_for_automation",
    "labels_for_promise",
    "labels_needed",
    "pair",
    "planted_checks",
    "repeated",
    "resolve",
    "rogan_gladen",
    "swap_probe",
    "upper_bound",
    "wilson",
    "worst_slice",
]
