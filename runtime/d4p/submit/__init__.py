"""Submit a bundle to a cluster with spark-submit: what `d4p submit` and a bundle's submit.sh both do.

    profile + options --settings--> Settings --checks--> command --run--> exit status
"""

from d4p.submit.options import Request
from d4p.submit.submit import submit

__all__ = ["Request", "submit"]
