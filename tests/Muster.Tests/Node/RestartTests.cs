using System.IO.Compression;
using static Muster.Node.TestNode;

namespace Muster.Node;

/// <summary>
/// A client that cancels and restarts at any moment: while the task is set up, runs, is packed, or has just ended.
/// </summary>
public sealed class RestartTests : IDisposable
{
    private readonly string _folder = NewFolder();

    [Fact]
    public async Task After_a_restart_the_result_is_of_the_newest_options()
    {
        const double Packing = 93;
        await using var node = await StartAsync(
            CommandNode.Engine(_folder, """mkdir -p "$1/out"; printf %s "$3" >"$1/out/word" """)
        );
        var random = new Random(7);
        for (var round = 0; round < 15; round++)
        {
            var word = $"{round}";
            var uuid = await node.CommitAsync(("options", Words(word)));
            for (var restart = 0; restart < 4; restart++)
            {
                if (random.Next(2) == 0)
                    await Task.Delay(random.Next(25), Ct);
                else
                    while (
                        await node.InfoAsync(uuid) is var info
                        && Code(info) < 30
                        && info.GetProperty("progress").GetDouble() < Packing
                    ) { }
                Assert.Equal("""{"success":true}""", (await node.PostAsync("task/cancel", Uuid(uuid))).ToString());
                word = $"{round}-{restart}";
                Assert.Equal(
                    """{"success":true}""",
                    (
                        await node.PostAsync(
                            "task/restart",
                            new FormUrlEncodedContent([new("uuid", uuid), new("options", Words(word))])
                        )
                    ).ToString()
                );
            }
            Assert.Equal(40, Code(await node.EndAsync(uuid).WaitAsync(TimeSpan.FromSeconds(60), Ct)));
            using var zip = new ZipArchive(await node.Http.GetStreamAsync($"task/{uuid}/download/all.zip", Ct));
            using var result = new StreamReader(zip.GetEntry("out/word")!.Open());
            Assert.Equal(word, await result.ReadToEndAsync(Ct));
        }
    }

    private static string Words(string value) => $$"""[{"name":"words","value":"{{value}}"}]""";

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
