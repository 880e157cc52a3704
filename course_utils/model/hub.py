"""Where a model's files are: a folder, or the hub's cache, filled over the network where there is one."""

from pathlib import Path

from course_utils.catalog import CourseError

SHORT = dict.fromkeys(["gpt2", "gpt2-small"], "openai-community/gpt2")
WANTED = ["config.json", "*.safetensors", "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json"]


def local_folder(name_or_folder: str | Path) -> Path:
    """The folder itself if it exists; otherwise the hub's copy of that name.

    Raises CourseError, with what to do, for a folder that isn't there and for a name when there is no network.
    """
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return folder
    name = SHORT.get(str(name_or_folder), str(name_or_folder))
    if folder.is_absolute() or name.startswith(".") or name.count("/") > 1:
        raise CourseError(f"There is no folder {folder}: give the folder that holds config.json and model.safetensors.")
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise CourseError(
            f"There is no folder {name_or_folder}, and fetching models by name needs huggingface_hub: "
            "`pip install huggingface_hub`, or give a folder."
        ) from None
    try:  # what was fetched before needs no network
        folder = Path(snapshot_download(name, allow_patterns=WANTED, local_files_only=True))
        if (folder / "config.json").exists() and any(folder.glob("*.safetensors")):
            return folder
    except Exception:  # the hub's client raises many kinds; all mean that nothing is there yet
        pass
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED))
    except Exception as error:
        raise CourseError(
            f"{name} is neither a folder nor could it be fetched from the hub ({type(error).__name__}). Offline, "
            "download it where there is a network and give the folder, or use a specimen of the course."
        ) from error
