"""An index, t and the mode -> which samples to decode, and which byte ranges hold them. Pure.

`choice` finds the picture that answers; `reads` what has to be read for it.
"""

from framefetch.plan.choice import keyframe_times_s, length_s, stretch
from framefetch.plan.reads import Range, ReadPlan, Sample, coalesced, longest, make_plan

__all__ = [
    "Range",
    "ReadPlan",
    "Sample",
    "coalesced",
    "keyframe_times_s",
    "length_s",
    "longest",
    "make_plan",
    "stretch",
]
