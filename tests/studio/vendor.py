"""Bring the third-party parts of pages to their versions: Studio's to its package-lock.json.

Run by `make vendor` after npm has installed them. Each part is a folder ``NAME-VERSION`` with the
files that the page loads, unchanged, and its licence; ``manifest.json`` holds npm's integrity and a
SHA-256 of every file, which a test checks.

What draws DVC's plots stands in the template of their page, ``.dvc/plots.html``, for the page that
DVC has of its own loads it from the web.
"""

import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

STUDIO = Path(__file__).parents[2] / "src/kantor/studio"
VENDOR = STUDIO / "web/vendor"
FILES = {
    "preact": ("dist/preact.mjs", "hooks/dist/hooks.mjs"),
    "htm": ("dist/htm.mjs", "preact/index.mjs"),
    "@preact/signals": ("dist/signals.mjs",),
    "@preact/signals-core": ("dist/signals-core.mjs",),
    "spessasynth_core": ("dist/index.js",),
    "spessasynth_lib": ("dist/index.js", "dist/spessasynth_processor.min.js"),
    "stb-vorbis": ("dist/index.js",),
    "uplot": ("dist/uPlot.esm.js", "dist/uPlot.min.css"),
}

PLOTS = STUDIO.parents[2] / ".dvc/plots.html"
DRAWING = {
    "vega@5.33.1": "1b8504b6731c5311be3269c4d84ca996a5cc293bc772283293ede20c490e16c3",
    "vega-lite@5.23.0": "e4cbfdd8f6f1abe381c59cd558fd6a559c12b1496bfdf2e0c3295263a40fe4da",
    "vega-embed@6.29.0": "ecf1ee709c2bac9e0a4ead6908114b05b62c71493e10a8a4308109bb070f8eb1",
}
"""What draws, in this order, and the SHA-256 of each package of npm's."""
PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh_tag}
<title>Plots</title>
<style>body {font-family: sans-serif; margin: 2rem} table {border-spacing: 15px}</style>
SCRIPTS
</head>
<body>
{plot_divs}
</body>
</html>
"""


def plots():
    """The template of DVC's page of plots: the scripts that draw, and their licence."""
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", *DRAWING], cwd=folder, check=True)
        for package, digest in DRAWING.items():
            name, version = package.split("@")
            packed = Path(folder) / f"{name}-{version}.tgz"
            if hashlib.sha256(packed.read_bytes()).hexdigest() != digest:
                raise SystemExit(f"{package}: not the package that is named here")
            with tarfile.open(packed) as files:
                code = files.extractfile(f"package/build/{name}.min.js").read().decode().strip()
                if "package/LICENSE" in files.getnames():  # vega, of the same owner, carries none
                    licence = files.extractfile("package/LICENSE").read().decode().strip()
                    parts.append(f"<!--\n{package}\n\n{licence}\n-->")
            script = code.replace("</script", "<\\/script")
            parts.append(f"<script>{script}</script>")
    return PAGE.replace("SCRIPTS", "\n".join(parts))


def main():
    """Copy the files, write the manifest, and take addresses out of the lock."""
    lock_file = STUDIO / "package-lock.json"
    lock = json.loads(lock_file.read_text())
    for package in lock["packages"].values():
        package.pop("funding", None)
        package.pop("resolved", None)
    lock_file.write_text(json.dumps(lock, indent=2) + "\n")
    for old in VENDOR.glob("*-*"):
        shutil.rmtree(old)
    manifest = []
    for name, paths in FILES.items():
        installed = STUDIO / "node_modules" / name
        about = lock["packages"][f"node_modules/{name}"]
        folder = VENDOR / f"{name.removeprefix('@').replace('/', '-')}-{about['version']}"
        digests = {}
        for path in (*paths, *(one.name for one in installed.glob("LICENSE*"))):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(installed / path, target)
            digests[path] = hashlib.sha256(target.read_bytes()).hexdigest()
        manifest.append(
            {
                "name": name,
                "version": about["version"],
                "licence": about["license"],
                "integrity": about["integrity"],
                "folder": folder.name,
                "files": digests,
            }
        )
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")
    PLOTS.write_text(plots())


if __name__ == "__main__":
    main()
