"""Which processor computes, in which precision, and how it leaves the window room."""

from __future__ import annotations

import ctypes
import os
import platform
import threading

import torch

from napari_unet.errors import UserError


def choose_device(name: str = "auto") -> torch.device:
    """The device called `name`; "auto" takes CUDA, then Apple's MPS, then the CPU."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(kind for kind in ("cuda", "mps", "cpu") if available[kind]))
    if not available.get(name.split(":")[0], False):
        usable = ", ".join(kind for kind, there in available.items() if there)
        raise UserError(f"This computer has no device '{name}'; choose auto or one of: {usable}.")
    return torch.device(name)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is native on `device`; emulated bfloat16 is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type == "cpu":
        flags = _cpu_flags()
        return "avx512_bf16" in flags or "amx_bf16" in flags
    return False


def choose_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """float32 or bfloat16: what `precision` says, or with "auto" and "int8" what is fastest on `device`."""
    if precision in ("auto", "int8"):
        return torch.bfloat16 if has_fast_bfloat16(device) else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]


def _cpu_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="utf8") as lines:
            return next((set(line.split()) for line in lines if line.startswith("flags")), set())
    except OSError:  # not Linux: no report, so float32, which is right everywhere
        return set()


def keep_large_buffers() -> None:
    """Let glibc reuse the large buffers of a network on the CPU, which it would otherwise hand back after every layer.

    Getting them anew costs a page fault for every 4 kB: up to half the time of a prediction with large tiles. Up to
    512 MB stay with the process. Elsewhere than on Linux with glibc nothing happens.
    """
    m_trim_threshold, m_mmap_max = -1, -4  # of <malloc.h>
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if platform.system() == "Linux" else None
    if mallopt is not None:
        mallopt(m_mmap_max, 0)
        mallopt(m_trim_threshold, 512 * 1024**2)


def lower_thread_priority() -> bool:
    """Make the calling thread, and the torch pool that it starts later, yield to the window. True if it worked.

    Call it before the thread's first torch call: on Linux the pool inherits the niceness of the thread that starts it.
    """
    system = platform.system()  # not sys.platform, which type checkers take for this machine's
    if system == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
        return True
    if system == "Windows":
        below_normal = -1
        kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  (there on Windows only)
        return bool(kernel.SetThreadPriority(kernel.GetCurrentThread(), below_normal))
    if system == "Darwin":
        utility = 0x11  # QOS_CLASS_UTILITY of <sys/qos.h>
        return bool(ctypes.CDLL(None).pthread_set_qos_class_self_np(utility, 0) == 0)
    return False


def describe_device(device: torch.device) -> str:
    """A device in plain words: "the processor (2 cores)"."""
    if device.type == "cuda":
        return f"the graphics card ({torch.cuda.get_device_name(device)})"
    if device.type == "mps":
        return "the graphics processor"
    cores = torch.get_num_threads()
    return f"the processor ({cores} {'core' if cores == 1 else 'cores'})"
