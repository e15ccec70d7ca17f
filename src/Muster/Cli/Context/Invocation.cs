using System.CommandLine;
using Muster.Cli.Terminal;
using Muster.Sites.Reading;

namespace Muster.Cli.Context;

/// <summary>What one call of muster was given besides its parsed options.</summary>
internal sealed class Invocation
{
    private readonly Lazy<App> _app;

    public Invocation() => _app = new(() => new(this));

    public required Screen Screen { get; init; }
    public bool Json { get; init; }
    public bool Yes { get; init; }

    /// <summary>The words of the user's own command.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The job that was named; its options are among the parsed ones, its words are the command's.</summary>
    public JobDraft? Job { get; init; }

    /// <summary>Runs another command of muster, within the call that is given.</summary>
    public required Func<Invocation, IReadOnlyList<string>, CancellationToken, Task> Within { get; init; }

    public App App => _app.Value;
}

/// <summary>The root of the command line, which carries the call that it belongs to.</summary>
internal sealed class MusterRoot(string description) : RootCommand(description)
{
    /// <summary>Set once the words are parsed.</summary>
    public Invocation? Invocation { get; set; }
}

internal static class Parsed
{
    public static Invocation Invocation(this ParseResult parsed) =>
        ((MusterRoot)parsed.RootCommandResult.Command).Invocation
        ?? throw new InvalidOperationException("nothing is run where words are only parsed");

    public static App App(this ParseResult parsed) => parsed.Invocation().App;
}
