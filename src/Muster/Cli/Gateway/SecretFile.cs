using Muster.Faults;

namespace Muster.Cli.Gateway;

/// <summary>A secret in a file, so that it stands in no list of processes.</summary>
internal static class SecretFile
{
    public static string? Read(string? path)
    {
        if (path is null) return null;
        try { return File.ReadAllText(path).Trim(); }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException) { throw new UserException($"cannot read the secret in {path}: {fault.Message}", "Check the path and who may read it.", fault); }
    }
}
