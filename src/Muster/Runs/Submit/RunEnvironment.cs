using System.Text;
using System.Text.RegularExpressions;
using Muster.Faults;
using Muster.Shell;

namespace Muster.Runs.Submit;

/// <summary>The values of a run's environment, of which its plan holds those that are no secret.</summary>
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
            var name = NameIn(entry);
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

    /// <summary>
    /// The values that a plan may hold: those that were written out, unless they were called secret or are named like
    /// one. A value taken from here is taken from here the next time, too.
    /// </summary>
    public static IReadOnlyDictionary<string, string> Remembered(
        IReadOnlyList<string> asked,
        IReadOnlyList<string> secrets
    )
    {
        var plain = new Dictionary<string, string>();
        foreach (var entry in asked)
        {
            plain.Remove(NameIn(entry));
            if (entry.Split('=', 2) is [var name, var value] && !SecretNames.Fit(name) && !HasPassword(value))
                plain[name] = value;
        }
        foreach (var entry in secrets)
            plain.Remove(NameIn(entry));
        return plain;
    }

    /// <summary>The environment of a run for another time.</summary>
    /// <param name="site">What its site sets by now.</param>
    /// <param name="asked">What is to be otherwise than it was.</param>
    public static (RunPlan Plan, IReadOnlyDictionary<string, string> Values) Again(
        RunPlan old,
        IReadOnlyDictionary<string, string> site,
        IReadOnlyList<string> asked,
        IReadOnlyList<string> secrets,
        Func<string, string?> here
    )
    {
        IReadOnlyList<string> given = [.. asked, .. secrets];
        var names = given.Select(NameIn).ToHashSet();
        var before = old
            .EnvironmentNames.Where(name => !names.Contains(name))
            .ToDictionary(
                name => name,
                name =>
                    old.Environment.GetValueOrDefault(name)
                    ?? site.GetValueOrDefault(name)
                    ?? here(name)
                    ?? throw new UserException(
                        $"{old.Name} needs the variable {name}, whose value Muster did not store",
                        $"Set it in your environment, or pass --env {name}=VALUE."
                    )
            );
        var values = Of(before, given, here);
        var plain = old.Environment.Where(pair => !names.Contains(pair.Key)).Concat(Remembered(asked, secrets));
        return (old with { EnvironmentNames = [.. values.Keys], Environment = plain.ToDictionary() }, values);
    }

    private static bool HasPassword(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var address) && address.UserInfo.Contains(':');

    private static string NameIn(string entry) => entry.Split('=', 2)[0];

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
