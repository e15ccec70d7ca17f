using System.Diagnostics;

namespace Muster;

/// <summary>
/// The script <c>./muster</c> in a checkout of its own, with a stand-in for the .NET SDK that takes its time.
/// </summary>
public sealed class WrapperTests : IDisposable
{
    private readonly DirectoryInfo _checkout = Directory.CreateTempSubdirectory("muster-wrapper-");

    public WrapperTests()
    {
        foreach (var folder in (string[])["src/Muster", "samples", "bin"])
            _checkout.CreateSubdirectory(folder);
        File.WriteAllText(Path.Combine(_checkout.FullName, "Directory.Build.props"), "");
        File.Copy(Path.Combine(Repository.Folder, "muster"), Path.Combine(_checkout.FullName, "muster"));
        // Where it is told to publish to stands behind -o.
        File.WriteAllText(
            Path.Combine(_checkout.FullName, "bin", "dotnet"),
            """
            #!/bin/sh
            until [ "$1" = -o ]; do shift; done
            : >>"${0%/bin/dotnet}/builds"
            until [ -e "${0%/bin/dotnet}/go" ]; do sleep 0.1; done
            echo build >>"${0%/bin/dotnet}/builds"
            mkdir -p "$2"; printf '#!/bin/sh\necho "it ran: $*"\n' >"$2/muster"; chmod +x "$2/muster"
            """
        );
        Process
            .Start(
                "chmod",
                ["+x", Path.Combine(_checkout.FullName, "bin", "dotnet"), Path.Combine(_checkout.FullName, "muster")]
            )
            .WaitForExit();
    }

    public void Dispose() => _checkout.Delete(recursive: true);

    [Fact]
    public async Task It_says_that_it_builds_that_it_waits_and_how_long_it_took_also_without_a_terminal()
    {
        using var first = Start("one");
        while (!File.Exists(Path.Combine(_checkout.FullName, "builds")))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        using var second = Start("two");
        var waits = await second.StandardError.ReadLineAsync(TestContext.Current.CancellationToken);
        File.WriteAllText(Path.Combine(_checkout.FullName, "go"), "");

        var (firstSaid, firstErrors) = (
            await first.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            await first.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );
        var (secondSaid, secondErrors) = (
            await second.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken),
            await second.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)
        );

        Assert.Equal(("it ran: one\n", "it ran: two\n"), (firstSaid, secondSaid));
        Assert.Matches(@"\Amuster: building .*\nmuster: built in \d+ s\n\z", firstErrors);
        Assert.Contains("another ./muster is building", waits, StringComparison.Ordinal);
        Assert.Equal("", secondErrors);
        Assert.Equal("build\n", File.ReadAllText(Path.Combine(_checkout.FullName, "builds")));
    }

    private Process Start(string word)
    {
        var start = new ProcessStartInfo(Path.Combine(_checkout.FullName, "muster"), [word])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] =
            $"{Path.Combine(_checkout.FullName, "bin")}:{Environment.GetEnvironmentVariable("PATH")}";
        return Process.Start(start)!;
    }
}
