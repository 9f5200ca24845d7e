from dispel4py.base import IterativePE

from .tables import GAIN, place


class Calibrate(IterativePE):
    def _process(self, data):
        name, counts = data
        return (name, counts * GAIN[name])


class Locate(IterativePE):
    def _process(self, data):
        from . import tables  # as many files do: an import at its use

        return (data[0], tables.place(data[0]) + place("DRBL"), data[1])
