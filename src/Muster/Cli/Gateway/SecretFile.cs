using Muster.Faults;

namespace Muster.Cli.Gateway;

/// <summary>
/// A secret in a file, so that it is in no list of processes. One that is given and empty is refused, as it would open
/// what it is meant to close.
/// </summary>
internal static class SecretFile
{
    public static string? Read(string? path)
    {
        if (path is null)
            return null;
        string text;
        try
        {
            text = File.ReadAllText(path).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UserException(
                $"cannot read the secret in {path}: {fault.Message}",
                "Check the path and who may read it.",
                fault
            );
        }
        return text.Length > 0 ? text : throw Empty(path, "Write the secret into the file, or leave the flag out.");
    }

    /// <summary>From an environment variable; null where it is not set.</summary>
    public static string? InEnvironment(string variable) =>
        Environment.GetEnvironmentVariable(variable) switch
        {
            null => null,
            var text when string.IsNullOrWhiteSpace(text) => throw Empty(
                $"${variable}",
                "Put the secret into it, or unset it."
            ),
            var text => text,
        };

    /// <summary>From a flag; null where it is not given.</summary>
    public static string? InFlag(string flag, string? text) =>
        text is null || !string.IsNullOrWhiteSpace(text)
            ? text
            : throw Empty(flag, "Give it the secret, or leave it out.");

    private static UserException Empty(string where, string fix) =>
        UserException.Misuse($"the secret in {where} is empty", fix);
}
