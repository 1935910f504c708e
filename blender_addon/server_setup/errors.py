"""What the set-up says."""

from zograscope_protocol.errors import ZograscopeError


class SetupError(ZograscopeError):
    """Why the server could not be installed, moved or removed."""

    SENTENCES = {
        "setup-no-room": "The server needs {needed} more in {folder}, where {free} are free. Make room, or choose another place; what was fetched is kept.",
        "setup-disk-full": "The disk of {folder} is full. Make room, or choose another place, and press the button again: it goes on where it was.",
        "setup-folder-not-writable": "{folder} cannot be written. Choose another place for the server, or ask whoever looks after this computer.",
        "setup-no-network": "The download was cut off, or never began. Check the network, and the proxy in the extension's preferences, then press the button again: it goes on where it was.",
        "setup-certificate": "The certificate of the package registry was not accepted, as happens behind some firewalls. Ask whoever looks after the network for its certificate or a package index, and name the index in the extension's preferences.",
        "setup-index-refuses": "The package index refused to answer. Check its address, name and password, and the proxy, in the extension's preferences.",
        "setup-package-missing": "The package {package} is not in the package index or the folder of wheels. Add it there, in the version of the extension's list, and press the button again.",
        "setup-download-damaged": "What was downloaded is not what was published: it came damaged, or something on the way changed it. Press the button again; if it happens again, ask whoever looks after the network.",
        "setup-no-python": "No Python {version} could be had: none could be downloaded, and none was found here. Let Blender go online, or put Python's archives into a folder `python` in the folder of wheels.",
        "setup-program-blocked": "{program} may not run on this computer: a virus scanner or a rule of its administrator blocks it. Allow it, or choose another place for the server.",
        "setup-no-answer": "A program did not answer for {seconds} seconds and was ended. Press the button again; a virus scanner may have been reading its files.",
        "setup-trial-failed": "The new server is complete but did not do its first job: {problem}. What was there before stays in use. Try another way to compute, or Repair.",
        "setup-system-unsupported": "torch, which computes for the server, is no longer made for this kind of computer ({system}). A server on another computer can do the work: see the extension's preferences.",
        "setup-online-off": "Blender is set to stay offline, and the server has to be downloaded once. Allow online access in the preferences, or name a folder of wheels in those of the extension.",
        "setup-busy": "Another Blender is working on the server's folder {folder}. Wait for it; this panel shows how far it is.",
        "setup-ended": "The set-up was ended before it was ready. Press the button again: it goes on where it was.",
        "setup-not-ours": "{folder} has other files in it. Choose an empty folder for the server.",
        "setup-failed": "The server could not be installed: {problem}. The log in {folder} says more.",
    }
