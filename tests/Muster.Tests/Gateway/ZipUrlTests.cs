using System.IO.Compression;
using Muster.NodeOdm;

namespace Muster.Gateway;

/// <summary>An archive at an address instead of files.</summary>
public sealed class ZipUrlTests
{
    private byte[] _archive = [];

    [Fact]
    public async Task What_is_in_it_is_taken_without_its_folders()
    {
        _archive = Archive(
            ("photos/a.jpg", 10),
            ("photos/b.jpg", 10),
            ("more/a.jpg", 20),
            ("photos/", 0),
            ("../../evil.jpg", 5),
            ("gcp_list.txt", 3)
        );
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { AllowPrivateAddresses = true },
            node
        );
        var task = await SubmitAsync(gateway, server.Url);
        var done = await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(4, done.ImagesCount);
        Assert.Equal(["a.jpg", "a_.jpg", "b.jpg", "evil.jpg", "gcp_list.txt"], (await gateway.ArchiveAsync(task)).Keys);
        await gateway.UntilNoFilesAsync("spool");
    }

    [Fact]
    public async Task Links_in_it_are_left_out_and_told()
    {
        _archive = Archive(("a.jpg", 10), ("etc -> /etc", 0), ("b.jpg -> a.jpg", 0));
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { AllowPrivateAddresses = true },
            node
        );
        var task = await SubmitAsync(gateway, server.Url);
        await gateway.UntilAsync(task, TaskCode.Completed);
        Assert.Equal(["a.jpg"], (await gateway.ArchiveAsync(task)).Keys);
        Assert.Contains(
            "Skipped 2 symbolic links in the archive: only files are taken.",
            await gateway.Http.GetStringAsync($"task/{task}/output", TestContext.Current.CancellationToken),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_bomb_and_what_is_no_archive_fail_clearly_and_leave_nothing()
    {
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { AllowPrivateAddresses = true, SpoolBudget = 200_000_000 },
            node
        );
        _archive = Archive(("bomb.jpg", 400_000_000));
        Assert.Contains(
            "becomes too large when it is unpacked",
            (await gateway.UntilAsync(await SubmitAsync(gateway, server.Url), TaskCode.Failed)).Status.ErrorMessage!,
            StringComparison.Ordinal
        );
        _archive = Archive(("large.jpg", 250_000_000));
        Assert.Contains(
            "disk is full",
            (await gateway.UntilAsync(await SubmitAsync(gateway, server.Url), TaskCode.Failed)).Status.ErrorMessage!,
            StringComparison.Ordinal
        );
        _archive = Archive();
        Assert.Contains(
            "no file in it",
            (await gateway.UntilAsync(await SubmitAsync(gateway, server.Url), TaskCode.Failed)).Status.ErrorMessage!,
            StringComparison.Ordinal
        );
        await gateway.UntilAsync(() => gateway.Host.Spool.Used == 0);
    }

    [Fact]
    public async Task It_is_not_fetched_from_a_private_network()
    {
        _archive = Archive(("a.jpg", 1));
        await using var server = await ServerAsync();
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(node);
        Assert.Contains(
            "private network",
            (await gateway.UntilAsync(await SubmitAsync(gateway, server.Url), TaskCode.Failed)).Status.ErrorMessage!,
            StringComparison.Ordinal
        );
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_gateways_own_doors_give_it_nothing(bool byRedirect)
    {
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { AllowPrivateAddresses = true, Admin = new(0) },
            node
        );
        var diagnosis = new Uri(gateway.Host.Doors!.Web!, "api/v1/diagnosis");
        await using var server = await ScriptedNode.StartAsync(
            new()
            {
                Before = http =>
                {
                    http.Response.Redirect(diagnosis.ToString());
                    return Task.FromResult(true);
                },
            }
        );
        var task = await SubmitAsync(gateway, byRedirect ? server.Url : diagnosis, "");
        Assert.Contains(
            "status 403",
            (await gateway.UntilAsync(task, TaskCode.Failed)).Status.ErrorMessage!,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task While_it_comes_the_task_is_there_and_can_be_cancelled()
    {
        var gate = new TaskCompletionSource();
        await using var server = await ScriptedNode.StartAsync(
            new()
            {
                Before = async _ =>
                {
                    await gate.Task;
                    return true;
                },
            }
        );
        await using var node = await ScriptedNode.StartAsync();
        await using var gateway = await TestGateway.StartAsync(
            options => options with { AllowPrivateAddresses = true },
            node
        );
        var task = await SubmitAsync(gateway, server.Url);
        Assert.Equal(TaskCode.Running, (await gateway.InfoAsync(task)).Status.Code);
        await gateway.Host.Actions.CancelAsync(task, "a test");
        Assert.Equal(TaskCode.Canceled, (await gateway.InfoAsync(task)).Status.Code);
        Assert.NotNull(await gateway.Host.Actions.RestartAsync(task, null, TestContext.Current.CancellationToken));
        gate.SetResult();
    }

    private Task<ScriptedNode> ServerAsync() =>
        ScriptedNode.StartAsync(
            new()
            {
                Before = async http =>
                {
                    await http.Response.Body.WriteAsync(_archive);
                    return true;
                },
            }
        );

    private static async Task<Guid> SubmitAsync(TestGateway gateway, Uri url, string path = "photos.zip")
    {
        using var form = new MultipartFormDataContent
        {
            { new StringContent(new Uri(url, path).ToString()), "zipurl" },
            { new StringContent("zip"), "name" },
        };
        return Guid.Parse((await gateway.PostAsync("task/new", form)).GetProperty("uuid").GetString()!);
    }

    private static byte[] Archive(params (string Name, int Bytes)[] entries)
    {
        using var bytes = new MemoryStream();
        using (var archive = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, length) in entries)
            {
                var (path, target) = name.Split(" -> ") is [var from, var to] ? (from, to) : (name, null);
                var listed = archive.CreateEntry(path, CompressionLevel.Fastest);
                if (target is not null)
                    listed.ExternalAttributes = unchecked((int)0xA1FF0000);
                using var entry = listed.Open();
                if (target is not null)
                    entry.Write(System.Text.Encoding.UTF8.GetBytes(target));
                var block = new byte[Math.Min(length, 1 << 20)];
                for (var left = length; left > 0; left -= block.Length)
                    entry.Write(block, 0, Math.Min(left, block.Length));
            }
        }
        return bytes.ToArray();
    }
}
