"""Questions about a folder, whole documents and two of them, asked of a folder made at run time."""
