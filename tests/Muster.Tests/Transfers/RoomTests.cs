using System.Diagnostics;
using Muster.Hosts;

namespace Muster.Transfers;

public sealed class RoomTests
{
    private const string Disk = "room /dev/sda1 1000 200 800 20% /home";

    [Theory]
    [InlineData(800, false, Disk)]
    [InlineData(800, false, "room map auto home 1000 200 800 20% /home")]
    [InlineData(850, false, Disk, "kept 50")]
    [InlineData(800, false, Disk, "quota 100 0 0")]
    [InlineData(800, false, Disk, "quota 100 5000 6000")]
    [InlineData(100, true, Disk, "quota 900 500 1000")]
    [InlineData(150, true, Disk, "quota 900 500 1000", "kept 50")]
    [InlineData(100, true, Disk, "quota 400 500 0")]
    [InlineData(0, true, Disk, "quota 1100 500 1000")]
    [InlineData(100, true, "room df: no such thing", "quota 400 500 0")]
    public void The_disk_and_the_quota_say_how_much_is_free(long kilobytes, bool isQuota, params string[] lines)
    {
        var room = new Room();
        Assert.All(lines, line => Assert.True(room.Read(line)));
        Assert.Equal((kilobytes * 1024, isQuota), (room.Free, room.IsQuota));
    }

    [Fact]
    public void A_site_that_does_not_say_is_not_doubted()
    {
        var room = new Room();
        Assert.True(room.Read("room "));
        Assert.True(room.Read("kept "));
        Assert.False(room.Read("ready"));
        Assert.Null(room.Free);
    }

    [Theory]
    [InlineData("quota", "$(df -Pk . | tail -n 1 | cut -d' ' -f1)")]
    [InlineData("lfs", "$(df -Pk . | tail -n 1 | sed 's/.* //')")]
    public void Quotas_are_asked_for_where_much_comes(string program, string name)
    {
        var folder = Directory.CreateTempSubdirectory("muster-room-");
        try
        {
            var bin = folder.CreateSubdirectory("bin").FullName;
            var fake = Path.Combine(bin, program);
            File.WriteAllText(
                fake,
                $"#!/bin/sh\necho 'Disk quotas for user me:'\necho \"{name} 950* 900 1000 6days 1 0 0\"\n"
            );
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(fake, (UnixFileMode)0b111_101_101);

            Assert.Contains("\nquota 950 900 1000\nready\n", Asked("100000000"));
            Assert.DoesNotContain("quota", Asked("99999999"), StringComparison.Ordinal);

            string Asked(string bytes)
            {
                var root = Path.Combine(folder.FullName, "root");
                var script = new Remote(new LocalHost(), root).Script("layout.sh", "run", "prefix", "0", bytes);
                var start = new ProcessStartInfo("sh", ["-c", $"PATH={bin}:$PATH\n{script}"])
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                };
                using var shell = Process.Start(start)!;
                shell.StandardInput.Close();
                return shell.StandardOutput.ReadToEnd();
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
