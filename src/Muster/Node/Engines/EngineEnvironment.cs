using Muster.Shell;

namespace Muster.Node.Engines;

/// <summary>
/// What of a node's or a gateway's environment its engines get: what programs need to find themselves, the machine and
/// its graphics cards.
/// Whoever sends photos has programs run here, and ours holds tokens, passwords and keys of buckets and databases.
/// </summary>
internal static class EngineEnvironment
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "LANG",
        "LANGUAGE",
        "TZ",
        "TERM",
        "DISPLAY",
        "HOSTNAME",
        "TMPDIR",
        "TMP",
        "TEMP",
        "VIRTUAL_ENV",
        "http_proxy",
        "https_proxy",
        "ftp_proxy",
        "all_proxy",
        "no_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SystemRoot",
        "SystemDrive",
        "windir",
        "ComSpec",
        "PATHEXT",
        "OS",
        "NUMBER_OF_PROCESSORS",
        "USERNAME",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "ProgramData",
        "ProgramFiles",
        "ProgramFiles(x86)",
        "ProgramW6432",
        "CommonProgramFiles",
        "PUBLIC",
    };

    private static readonly string[] Beginnings =
    [
        "LC_",
        "LD_",
        "XDG_",
        "PYTHON",
        "CONDA_",
        "MAMBA_",
        "DOTNET_",
        "PROCESSOR_",
        "CUDA_",
        "CUDNN_",
        "NVIDIA_",
        "NCCL_",
        "GPU_",
        "HIP_",
        "HSA_",
        "ROCM_",
        "ROCR_",
        "ZE_",
        "ONEAPI_",
        "SYCL_",
        "MESA_",
        "__GL",
        "VK_",
        "OMP_",
        "GOMP_",
        "KMP_",
        "MKL_",
        "OPENBLAS_",
        "GOTO_",
        "BLIS_",
        "NUMEXPR_",
        "TBB_",
        "TORCH_",
        "PYTORCH_",
        "TF_",
        "ODM_",
        "COLMAP_",
        "GDAL_",
        "PROJ_",
        "PDAL_",
        "OTB_",
        "GRASS_",
        "OPENCV_",
        "QT_",
        "MPL",
        "APPTAINER",
        "SINGULARITY",
        "DOCKER_",
        "PODMAN_",
        "CONTAINER_",
        "CONTAINERS_",
        "SLURM_",
        "PGUP_",
    ];

    /// <summary>Takes out of a program's environment what it does not get.</summary>
    public static void Limit(IDictionary<string, string?> environment)
    {
        foreach (var name in environment.Keys.Where(name => !MayHave(name)).ToList())
            environment.Remove(name);
    }

    internal static bool MayHave(string name) =>
        (Names.Contains(name) || Beginnings.Any(part => name.StartsWith(part, StringComparison.OrdinalIgnoreCase)))
        && !SecretNames.Fit(name);
}
