"""Submit a bundle to a cluster with spark-submit: what `d4p submit` and a bundle's submit.sh both do.

    profile + options --settings--> Settings --checks--> command --run--> exit status

`submit.submit` is the whole of it; `python -m d4p.hadoop.submit BUNDLE NAME ...` the same for a shell.
"""
