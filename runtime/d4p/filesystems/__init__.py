"""Where files are: on this machine, in HDFS, behind another URL. All answer to the same few names.

`locate(path)` gives the file system of a path and the path as that file system calls it. A file system has

    exists(path), isdir(path)
    info(path)                      {"name", "type": "file" or "directory", "size", "mtime": seconds}
    ls(path, detail=True)           what is in a folder: infos, or paths
    glob(path, detail=True)         {path: info} of what matches, as `globs.expand` says
    open(path, mode)                "rb", "wb", "ab", "xb" (a new file, FileExistsError where something is there)
    create(path, data)              a new file with this content, there whole or not at all; FileExistsError
    makedirs(path, exist_ok=False)  with the folders above it; FileExistsError
    rename(source, dest)            a file or a folder; never over what is there: FileExistsError
    replace(source, dest)           a file over a file, as os.replace
    rm(path, recursive=False)       a file, an empty folder; with `recursive` a folder and what is in it
    get_file(path, local)
    unstrip_protocol(path)          the URL of a path
    invalidate_cache()              other processes have written there

`create`, `makedirs`, `rename` and `replace` are atomic on this machine and on HDFS: of several processes that do the
same at once one succeeds; `atomic` says so. Behind other URLs they look first and then do it, a folder is renamed file
by file, an empty folder may not be there at all, and a file is copied within the store by `copy(source, dest)`.

What goes wrong is an OSError whose `strerror` says what and, where it helps, what to do. Connections are made anew in
each process, forked or not, and a file system that is pickled leaves them behind.
"""

from d4p.filesystems.local import Local
from d4p.filesystems.locate import LocalPath, as_path, default, is_url, locate, missing, shown, use_default, written

__all__ = ["Local", "LocalPath", "as_path", "default", "is_url", "locate", "missing", "shown", "use_default", "written"]
