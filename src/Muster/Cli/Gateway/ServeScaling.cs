using System.CommandLine;
using Muster.Cli.Context;
using Muster.Cli.Terminal;
using Muster.Faults;
using Muster.Gateway.Model;
using Muster.Sites.Import;
using Muster.Sites.Reading;
using Muster.Sites.Scaling;

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

    public static readonly Option<string?> Asr = new("--asr")
    {
        Description =
            "Start machines as this autoscaler file of ClusterODM says, beside those of --scale. `muster sites import` "
            + "makes it a site of its own.",
        HelpName = "FILE",
    };

    /// <summary>Null where no site gives machines.</summary>
    public static MachineSites? Sites(App app, IReadOnlyList<string> named, int? most, string? asr)
    {
        var file = asr is { Length: > 0 } ? AsrFile.Read(asr, app.Sources) : null;
        foreach (var warning in file?.Warnings ?? [])
            app.Screen.Note("warning", warning, Tint.Yellow);
        var written =
            named is ["none"] || (named.Count == 0 && app.Sources.Files().Count == 0) ? null : app.Config.Scaling;
        if (named is ["none"])
            named = [];
        if (named.Count == 0 && written is null && file is null)
            return null;
        if (most is < 1)
            throw new UserException($"--scale-max is {most}", "Give it a whole number above 0.")
            {
                ExitCode = ExitCodes.Usage,
            };
        // Also of pools that were: their machines are given back.
        var sites = app.Config.Sites.ToDictionary(site => site.Name);
        var pools =
            named.Count == 0
                ? (written?.Pools ?? []).ToList()
                : named
                    .Distinct()
                    .Select(name =>
                        written?.Pools.FirstOrDefault(pool => pool.Site == name)
                        ?? ScalePools.Usual(app.Config.Get(name))
                    )
                    .ToList();
        if (file is not null)
        {
            if (!sites.TryAdd(file.Site.Name, file.Site))
                throw new UserException(
                    $"{asr} would be the site {file.Site.Name}, and {sites[file.Site.Name].Origin} has one of that name",
                    "Rename the file, or leave --asr out and start with --scale " + file.Site.Name + "."
                );
            pools.Add(PoolOf(file));
        }
        pools =
        [
            .. pools.Select(pool =>
                ScalePools.For(pool, sites.GetValueOrDefault(pool.Site) ?? app.Config.Get(pool.Site))
            ),
        ];
        var settings = (written ?? new() { Pools = pools }) with { Pools = pools };
        if (most is { } limit)
            settings = settings with
            {
                Most = limit,
                Pools = [.. pools.Select(pool => pool with { Most = Math.Min(pool.Most, limit) })],
            };
        return new(
            settings,
            sites,
            new(app.Folders.State, app.Folders.Cache, app.Folders.Sockets, MayAsk: false),
            app.Sources
        );
    }

    /// <summary>What runs on the file's machines, and where its results go too.</summary>
    private static ScalePool PoolOf(AsrFile file) =>
        ScalePools.Usual(file.Site) with
        {
            MinImages = file.MinImages,
            Node = new()
            {
                Image = file.NodeImage,
                Data = file.DataFolder,
                Bucket = file.Results,
            },
        };
}
