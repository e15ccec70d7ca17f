using System.CommandLine;
using Muster.Cli.Context;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Sites.Reading;

namespace Muster.Cli.Gateway;

/// <summary>The sites that give machines to `muster serve`.</summary>
internal static class ServeScaling
{
    public static readonly Option<string[]> Scale = new("--scale")
    {
        Description =
            "Start nodes on this site while tasks wait, and stop them afterwards; repeat for several. Default: the "
            + "pools under `scaling:` in muster.yaml; none for no site.",
        HelpName = "SITE",
        Arity = ArgumentArity.ZeroOrMore,
    };

    public static readonly Option<int?> Most = new("--scale-max")
    {
        Description = "Maximum number of machines at the same time. Default: the hosts of an ssh site, or 10.",
        HelpName = "N",
    };

    /// <summary>Null where no site gives machines.</summary>
    public static MachineSites? Sites(App app, IReadOnlyList<string> named, int? most)
    {
        if (named is ["none"])
            return null;
        var written = named.Count == 0 && app.Sources.Files().Count == 0 ? null : app.Config.Scaling;
        if (named.Count == 0 && written is null)
            return null;
        if (most is < 1)
            throw new UserException($"--scale-max is {most}", "Give it a whole number above 0.")
            {
                ExitCode = ExitCodes.Usage,
            };
        var pools =
            named.Count == 0
                ? written!.Pools
                :
                [
                    .. named
                        .Distinct()
                        .Select(name =>
                            written?.Pools.FirstOrDefault(pool => pool.Site == name)
                            ?? ScalePools.Usual(app.Config.Get(name))
                        ),
                ];
        pools = [.. pools.Select(pool => ScalePools.For(pool, app.Config.Get(pool.Site)))];
        var settings = (written ?? new() { Pools = pools }) with { Pools = pools };
        if (most is { } limit)
            settings = settings with
            {
                Most = limit,
                Pools = [.. pools.Select(pool => pool with { Most = Math.Min(pool.Most, limit) })],
            };
        return new(
            settings,
            app.Config.Sites.ToDictionary(site => site.Name), // also of pools that were, whose machines are given back
            new(app.Folders.State, app.Folders.Cache, app.Folders.Sockets, MayAsk: false),
            app.Sources
        );
    }
}
