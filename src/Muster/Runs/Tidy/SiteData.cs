using System.Globalization;
using System.Text;
using Muster.Faults;
using Muster.Hosts;
using Muster.Shell;
using Muster.Transfers;

namespace Muster.Runs.Tidy;

/// <summary>The data sets that a host keeps for the inputs of runs, below <c>data/</c> of the site's root.</summary>
public sealed class SiteData(IHost host, string root)
{
    public async Task<SiteDataList> ListAsync(CancellationToken ct)
    {
        var lines = await TellAsync(["list"], ct);
        return new(
            [
                .. lines
                    .Where(words => words is ["set", _, _, ..])
                    .Select(words => new DataSet(
                        string.Join(' ', words[1..^2]),
                        (int)Number(words[^2]),
                        Number(words[^1])
                    )),
            ],
            lines
                .Where(words => words is ["part", _, _])
                .ToDictionary(words => words[1], words => Number(words[2]) * 1024)
        );
    }

    /// <summary>
    /// Sends a data set, which takes the place of one of that name. Only content that the site lacks travels, and a
    /// push that was broken off goes on.
    /// </summary>
    public async Task<DeliveryReport> PushAsync(
        string name,
        IReadOnlyList<CargoItem> items,
        string siteKey,
        ContentCache cache,
        IProgress<TransferProgress>? progress,
        CancellationToken ct
    )
    {
        // Laid out like the input of a run. Another content is another folder, so what one push has left is no other's.
        var listing = string.Join('\n', items.Select(item => $"{item.Path} {item.Kind} {item.Size} {item.Key}"));
        var run = $"data.{name}.{ContentHash.Of(Encoding.UTF8.GetBytes(listing)).ToString()[..10]}";
        var (from, to, old) = ($"runs/{run}", $"data/{name}", $"incoming/.gone.{run}");
        var then = ShellText.Of(
            $"""
            mkdir -p data incoming && rm -rf {old} && if [ -e {to} ]; then mv {to} {old}; fi &&
              mv {from}/set {to} && rm -rf {from} && chmod -R u+w {old} 2>/dev/null; rm -rf {old}; [ ! -e {from} ]
            """
        );
        var report = await new SiteStore(host, root, siteKey, cache).DeliverAsync(
            new(run, [new("set", items, AreaMode.Link)], [], then),
            progress,
            ct
        );
        return report.ExitCode == 0
            ? report
            : throw new UserException(
                $"{host.Name}: {name} could not be put into {root}/data: {report.Said}",
                "Look at that folder, then push again; what has arrived is kept."
            );
    }

    /// <returns>The bytes that were freed; null where there is no such data set.</returns>
    public async Task<long?> DropAsync(string name, CancellationToken ct) =>
        (await TellAsync(["drop", name], ct)).FirstOrDefault(words => words is ["dropped", _]) is [_, var bytes]
            ? Number(bytes)
            : null;

    private async Task<List<string[]>> TellAsync(IReadOnlyList<string> words, CancellationToken ct)
    {
        var answer = await host.RunAsync(ShellText.Script("Runs/Tidy/data.sh", [root, .. words]), ct);
        var lines = answer
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .ToList();
        return answer.ExitCode == 0 && lines is [.., ["done"]]
            ? lines
            : throw new UserException(
                $"{host.Name}: the data in {root} could not be looked at: {answer.Said}",
                "To check the site: `muster sites check`"
            );
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}

/// <param name="Parts">Bytes of the folders of the site's root; content that is shared counts in <c>store</c>.</param>
public sealed record SiteDataList(IReadOnlyList<DataSet> Sets, IReadOnlyDictionary<string, long> Parts);

public sealed record DataSet(string Name, int Files, long Bytes);
