"""PEs that read and write files: what a workflow begins and ends with.

A path may be local or a URL (`hdfs://`, `s3://`, ...), which needs fsspec and the URL's own driver. `Reader` and
`Writer` are the bases of those of your own: `d4p help own-pes`.
"""

from d4p.library.arrow import WriteArrow
from d4p.library.files import ReadFiles
from d4p.library.lines import ReadLines
from d4p.library.pairs import AllPairs, PairsBetween
from d4p.library.reader import Reader
from d4p.library.write import Writer, WriteRecords, WriteText

__all__ = ["AllPairs", "PairsBetween", "ReadFiles", "ReadLines", "Reader", "WriteArrow", "WriteRecords", "WriteText",
           "Writer"]
