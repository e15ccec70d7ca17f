using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;

namespace Muster.Transfers;

/// <summary>What the scripts of a site store have in common: where they run, and what their complaints mean.</summary>
internal sealed record Remote(IHost Host, string Root)
{
    /// <summary>The script of that name, begun in the site's root.</summary>
    public ShellText Script(string name, params IEnumerable<string> arguments)
    {
        var text = ShellText.Script("Transfers/root.sh", [Root, .. arguments]);
        text.AppendLiteral("\n" + ShellScripts.Read($"Transfers/{name}"));
        return text;
    }

    /// <summary>Where a run's things arrive: short, as a tar header has little room for the target of a link.</summary>
    public static string PrefixOf(string run) => ContentHash.Of(Encoding.UTF8.GetBytes(run)).ToString()[..10];

    public static string NewAttempt() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3));

    public static bool IsFull(string said) =>
        said.Contains("No space left on device") || said.Contains("uota exceeded");

    public UserException Fault(string said)
    {
        var last =
            said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault()
            ?? "no reason given";
        return IsFull(said)
            ? new(
                $"{Host.Name}: No space left on device in {Root}",
                $"Make room there, or point `root:` of the site to a larger place. It said: {last}"
            )
            : new(
                $"{Host.Name}: {Root}: {last}",
                "See the message above; `muster sites check` looks at the whole site."
            );
    }

    /// <summary>What is to be sent does not fit.</summary>
    public UserException NoRoom(long bytes, long free, bool isQuota) =>
        new(
            $"{Host.Name}: {Size(bytes)} are to be sent, but "
                + $"{(isQuota ? $"your quota leaves {Size(free)}" : $"only {Size(free)} are free")} in {Root}",
            "Nothing was sent. `muster sites tidy SITE` removes old runs; or point `root:` of the site to a larger "
                + "place."
        );

    private static string Size(long bytes) =>
        bytes switch
        {
            >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.#} GB"),
            >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.#} MB"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0.#} KB"),
        };

    /// <summary>A full disk gets back what an unfinished delivery put on it.</summary>
    public async Task ClearAsync(string run)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await Host.RunAsync(Script("clear.sh", PrefixOf(run)), patience.Token);
    }

    public HostUnreachableException Broken(Exception? inner) =>
        new(
            Host.Name,
            ContactFault.Silent,
            $"{Host.Name}: the connection broke",
            "Try again: what has arrived is kept.",
            inner
        )
        {
            ExitCode = ExitCodes.Unknown,
        };
}
