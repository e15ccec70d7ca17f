using Microsoft.Playwright;
using Muster.Gateway.Ledger;
using Muster.Gateway.Model;

namespace Muster;

/// <summary>
/// Each view at each size, light and dark: nothing is cut off, nothing breaks a rule; pictures for the docs.
/// </summary>
public sealed class PictureTests(Browser browser)
{
    /// <summary>
    /// The rules are those of the drawn page, so two looks that differ in everything are enough for them.
    /// </summary>
    private static readonly (int Width, int Height, bool Dark, bool Rules, bool Picture)[] Looks =
    [
        (1440, 900, false, true, true),
        (1440, 900, true, false, true),
        (768, 1024, false, false, false),
        (390, 844, true, true, true),
    ];

    [Fact]
    public async Task Every_view_is_whole_and_accessible_at_every_size()
    {
        await using var cluster = await Cluster.StartAsync(nodes: 3, seconds: 600);
        await cluster.KillNodeAsync(2);
        var first = "";
        foreach (
            var (name, photos) in ((string, int)[])[("north field", 7), ("quarry, second flight", 4), ("harbour", 2)]
        )
        {
            var id = await cluster.HandInAsync(name, photos);
            first = first.Length > 0 ? first : id;
        }
        for (var n = 1; n <= 6; n++)
            await cluster.HandInAsync($"east slope {n}", n);
        await cluster.PostAsync(
            "api/v1/tokens",
            new
            {
                name = "WebODM of the survey team",
                days = 30,
                max_images = 500,
            }
        );
        var token = await MakeTokenAsync(cluster);
        var node = (await cluster.AskAsync("api/v1/nodes")).GetProperty("nodes")[0].GetProperty("id").GetString()!;
        RememberADay(cluster, node);
        (string View, string Path, string Sign)[] views =
        [
            ("overview", "#/", "What happened last"),
            ("past", "#/?hours=24", "Known since"),
            ("tasks", "#/tasks", "north field"),
            ("task", $"#/tasks/{first}", "Where the time went"),
            ("queue", "#/queue", "Why they wait"),
            ("nodes", "#/nodes", "Memory free"),
            ("node", $"#/nodes/{node}", "Known since"),
            ("machines", "#/machines", "This gateway has a fixed set of nodes"),
            ("events", "#/events", "queued"),
            ("tokens", "#/tokens", "WebODM of the survey team"),
        ];
        await Task.WhenAll(Looks.Select(SeeAsync));

        async Task SeeAsync((int Width, int Height, bool Dark, bool Rules, bool Picture) look)
        {
            var (width, height, dark, rules, picture) = look;
            await using var window = await browser.OpenAsync(cluster.Admin, width, height, dark);
            await window.Page.Locator(".contact.live").WaitForAsync();
            foreach (var (view, path, sign) in views)
            {
                await window.Page.GotoAsync(cluster.Admin + path);
                await window.Page.GetByText(sign).First.WaitForAsync(new() { State = WaitForSelectorState.Attached });
                await window.Page.Locator(".log li, .panel, .tile").First.WaitForAsync();
                if (view == "past")
                    await window
                        .Page.GetByRole(AriaRole.Region, new() { Name = "Over time" })
                        .EvaluateAsync("all => { all.style.scrollMarginTop = '64px'; all.scrollIntoView(); }");
                await window.DrawnAsync();
                await CheckAsync(window, rules, picture ? $"cluster-{view}-{Look(width, dark)}" : null);
            }
            await using var clients = await browser.OpenAsync($"{cluster.Public}?token={token}", width, height, dark);
            await clients.SeeAsync("Drop photos or a folder here");
            await clients
                .Page.Locator("input[type=file]")
                .First.SetInputFilesAsync([.. Enumerable.Range(1, 7).Select(Cluster.PhotoPath)]);
            await clients.SeeAsync("7 photos");
            await CheckAsync(clients, rules, picture ? $"handin-{Look(width, dark)}" : null);
        }
    }

    private static string Look(int width, bool dark) => $"{(width < 640 ? "phone" : "wide")}{(dark ? "-dark" : "")}";

    private static async Task CheckAsync(Window window, bool rules, string? picture)
    {
        await window.FitsAsync();
        if (rules)
            await window.AccessibleAsync();
        if (picture is not null)
            await window.PictureAsync(picture);
    }

    /// <summary>How a node stood before this hour: three tasks, and an outage.</summary>
    private static void RememberADay(Cluster cluster, string node)
    {
        using var store = new SqliteTaskStore(cluster.Database);
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds() / 3600;
        for (var ago = 23; ago > 0; ago--)
        {
            var away = ago == 9;
            IReadOnlyList<T> Each<T>(Func<int, T> of) =>
                [.. Enumerable.Range(0, NodeHour.Minutes).Select(minute => of((60 * (24 - ago)) + minute))];
            bool Works(int minute) => minute is (> 130 and < 420) or (> 700 and < 860) or (> 1100 and < 1330);
            bool IsAway(int minute) => away && minute % 60 is > 10 and < 50;
            store.Save(
                now - ago,
                [
                    (
                        node,
                        new()
                        {
                            States = string.Concat(Each(minute => IsAway(minute) ? 'x' : 'o')),
                            Tasks = Each(minute => (int?)(Works(minute) ? 1 : 0)),
                            Slots = Each(minute => IsAway(minute) ? null : (int?)1),
                            MemoryFree = Each(minute =>
                                IsAway(minute)
                                    ? null
                                    : (int?)(26_000 - (Works(minute) ? 14_000 + (minute % 90 * 60) : 0))
                            ),
                            Latency = Each(minute =>
                                IsAway(minute) ? null : (double?)((Works(minute) ? 9 : 3) + (minute / 25 * 7 % 5 / 4.0))
                            ),
                            Faults = Each(minute => (int?)(IsAway(minute) ? 2 : 0)),
                            Why = away ? [new(11, "connection refused")] : [],
                        }
                    ),
                ],
                new()
                {
                    Waiting = Each(minute => (int?)(Works(minute) ? Math.Max(0, (minute % 90) - 40) / 6 : 0)),
                    OldestWait = Each(minute => (int?)(Works(minute) ? Math.Max(0, (minute % 90) - 40) * 24 : 0)),
                    Running = Each(minute =>
                        (int?)(
                            Works(minute)
                                ? IsAway(minute)
                                    ? 1
                                    : 2
                                : 0
                        )
                    ),
                    SlotsHeld = Each(minute =>
                        (int?)(
                            Works(minute)
                                ? IsAway(minute)
                                    ? 1
                                    : 2
                                : 0
                        )
                    ),
                    Slots = Each(minute => (int?)(IsAway(minute) ? 1 : 2)),
                    NodesOnline = Each(minute => (int?)(IsAway(minute) ? 1 : 2)),
                    Nodes = Each(_ => (int?)3),
                    Completed = Each(minute => (int?)(Works(minute) && minute % 13 == 0 ? 1 : 0)),
                    Failed = Each(minute => (int?)(Works(minute) && minute % 110 == 0 ? 1 : 0)),
                    Cancelled = Each(minute => (int?)(minute % 600 == 0 ? 1 : 0)),
                }
            );
        }
    }

    private static async Task<string> MakeTokenAsync(Cluster cluster)
    {
        using var answer = await cluster.Http.PostAsync(
            cluster.Admin + "api/v1/tokens",
            new StringContent("""{"name":"field crew"}""", System.Text.Encoding.UTF8, "application/json"),
            TestContext.Current.CancellationToken
        );
        using var said = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return said.RootElement.GetProperty("text").GetString()!;
    }
}
