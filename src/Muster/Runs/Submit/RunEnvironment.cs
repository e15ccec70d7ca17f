using System.Text;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>The values of a run's environment, which are no part of its plan.</summary>
internal static partial class RunEnvironment
{
    /// <summary>Adds what was asked for, <c>NAME=VALUE</c> or <c>NAME</c>, to what the site sets.</summary>
    /// <param name="here">The values of this machine.</param>
    public static IReadOnlyDictionary<string, string> Of(
        IReadOnlyDictionary<string, string> site,
        IReadOnlyList<string> asked,
        Func<string, string?> here
    )
    {
        var environment = new Dictionary<string, string>(site);
        foreach (var entry in asked)
        {
            var at = entry.IndexOf('=');
            var name = at < 0 ? entry : entry[..at];
            if (!Names().IsMatch(name))
                throw UserException.Misuse(
                    $"'{name}' is not a valid environment variable name",
                    "Use --env NAME=VALUE, or --env NAME to pass its current value."
                );
            environment[name] =
                at >= 0
                    ? entry[(at + 1)..]
                    : here(name)
                        ?? throw new UserException(
                            $"the environment variable {name} is not set here",
                            $"Set it, or write --env {name}=VALUE."
                        );
        }
        return environment;
    }

    /// <summary>The file that sets them.</summary>
    public static string Script(IReadOnlyDictionary<string, string> environment)
    {
        var text = new StringBuilder();
        foreach (var (name, value) in environment)
            text.Append("export ").Append(name).Append('=').Append(ShellText.Quote(value)).Append('\n');
        return text.ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z")]
    private static partial Regex Names();
}
