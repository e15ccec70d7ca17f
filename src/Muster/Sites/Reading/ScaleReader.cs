using System.Globalization;
using Muster.Configuration;
using Muster.Sites.Scaling;
using YamlDotNet.RepresentationModel;

namespace Muster.Sites.Reading;

/// <summary>The shapes below <c>scaling:</c>: which sites give machines to a gateway.</summary>
internal static class ScaleReader
{
    private static readonly ConfigShape<TimeSpan> Time = ConfigShape.Parsed<TimeSpan>(
        "a time such as 90s, 15m or 2h",
        text => (Durations.TryParse(text, out var time), time),
        writer => writer.WriteString("type", "string")
    );
    private static readonly ConfigShape<int> Number = ConfigShape.Parsed<int>(
        "a whole number",
        text => (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number), number),
        writer => writer.WriteString("type", "integer")
    );
    private static readonly ConfigShape<decimal> Money = ConfigShape.Parsed<decimal>(
        "an amount such as 0.25",
        text =>
            (
                decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount),
                amount
            ),
        writer => writer.WriteString("type", "number")
    );
    private static readonly ConfigShape<DayHours> Hours = ConfigShape.Parsed<DayHours>(
        "hours of the day such as 20:00-06:00",
        text =>
            text.Split('-') is [var from, var to]
            && TimeOnly.TryParseExact(
                from.Trim(),
                "H:mm",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var first
            )
            && TimeOnly.TryParseExact(
                to.Trim(),
                "H:mm",
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var last
            )
                ? (true, new DayHours(first, last))
                : (false, null!),
        writer => writer.WriteString("type", "string")
    );

    private static readonly ConfigKey<int> Images = new("images", ConfigShape.Count, "the most images of a task");
    private static readonly ConfigKey<int> Cpus = new("cpus", ConfigShape.Count, "cores");
    private static readonly ConfigKey<int> Gpus = new("gpus", ConfigShape.Count, "GPUs");
    private static readonly ConfigKey<long> Memory = new("memory", ConfigShape.Size, "memory, such as 64G");
    private static readonly ConfigKey<TimeSpan> Limit = new("time", Time, "how long one machine is asked for");
    private static readonly ConfigKey<decimal> Price = new("price", Money, "what it costs in an hour");
    private static readonly ConfigKey[] SizeKeys = [Images, Cpus, Gpus, Memory, Limit, Price];

    private static readonly ConfigKey<string> Engine = new(
        "engine",
        ConfigShape.Words("auto, odm, colmap, survey or test", text => Engines.Contains(text)),
        "what processes tasks there"
    );
    private static readonly ConfigKey<int> Slots = new("slots", ConfigShape.Count, "tasks at once on one machine");
    private static readonly ConfigKey<string> Program = new(
        "program",
        ConfigShape.LocalPath,
        "muster for the site's machines, on this machine; by default the one that runs here is sent"
    );
    private static readonly ConfigKey<string> Image = new(
        "image",
        ConfigShape.Image,
        "the image that holds ODM, such as opendronemap/odm or opendronemap/nodeodm"
    );
    private static readonly ConfigKey<string> Data = new(
        "data",
        ConfigShape.Text,
        "the machine's folder for tasks; by default one that is removed with the node"
    );
    private static readonly ConfigKey[] NodeKeys = [Engine, Image, Data, Slots, Program];
    private static readonly string[] Engines = ["auto", "odm", "colmap", "survey", "test"];

    private static readonly ConfigKey<string> SiteKey = new(
        "site",
        SiteShapes.SiteName,
        "the site that gives machines"
    );
    private static readonly ConfigKey<int> Most = new("max", ConfigShape.Count, "machines at once");
    private static readonly ConfigKey<int> Least = new("min", Number, "machines to keep while nothing waits");
    private static readonly ConfigKey<TimeSpan> Idle = new(
        "idle",
        Time,
        "give a machine back when it was idle this long"
    );
    private static readonly ConfigKey<TimeSpan> Boot = new("boot", Time, "how long a node may take until it answers");
    private static readonly ConfigKey<int> Starts = new(
        "starts-per-minute",
        ConfigShape.Count,
        "machines asked for in a minute"
    );
    private static readonly ConfigKey<DayHours> OpenHours = new("hours", Hours, "when machines may be started");
    private static readonly ConfigKey<int> MinImages = new(
        "min-images",
        ConfigShape.Count,
        "smaller tasks start no machine"
    );
    private static readonly ConfigKey<IReadOnlyList<MachineSize>> Sizes = new(
        "sizes",
        ConfigShape.List(ConfigShape.Part("a size", SizeKeys, SizeOf)),
        "kinds of machines, by the most images of a task"
    );
    private static readonly ConfigKey<PoolNode> Node = new(
        "node",
        ConfigShape.Part("node", NodeKeys, NodeOf),
        "what runs on each"
    );
    private static readonly ConfigKey[] PoolKeys =
    [
        SiteKey,
        Most,
        Least,
        MinImages,
        Idle,
        Boot,
        Starts,
        OpenHours,
        Sizes,
        Node,
    ];

    private static readonly ConfigKey<decimal> PerHour = new("hour", Money, "in an hour");
    private static readonly ConfigKey<decimal> PerDay = new("day", Money, "on a day (UTC)");
    private static readonly ConfigKey<decimal> PerMonth = new("month", Money, "in a month (UTC)");
    private static readonly ConfigKey[] BudgetKeys = [PerHour, PerDay, PerMonth];

    private static readonly ConfigKey<IReadOnlyList<ScalePool>> Pools = new(
        "pools",
        ConfigShape.List(ConfigShape.Part("a pool", PoolKeys, PoolOf)),
        "sites that give machines, in the order of preference"
    );
    private static readonly ConfigKey<ScaleOrder> Order = new(
        "order",
        ConfigShape.Choice<ScaleOrder>(),
        "which pool is asked first"
    );
    private static readonly ConfigKey<int> MostInAll = new("max", ConfigShape.Count, "machines of all pools at once");
    private static readonly ConfigKey<ScaleBudget> Budget = new(
        "budget",
        ConfigShape.Part("budget", BudgetKeys, BudgetOf),
        "what all machines together may cost"
    );
    private static readonly ConfigKey[] Keys = [Pools, Order, MostInAll, Budget];

    public static readonly ConfigShape<ScaleSettings> Shape = ConfigShape.Part("scaling", Keys, SettingsOf);

    private static ScaleSettings? SettingsOf(ConfigSection section, YamlNode node, ConfigFile file)
    {
        var pools = section.Get(Pools, []);
        if (pools.Count == 0)
        {
            file.Mistake(node, "scaling needs `pools`, with a `site` in each");
            return null;
        }
        if (pools.CountBy(pool => pool.Site).FirstOrDefault(pair => pair.Value > 1).Key is { } twice)
        {
            file.Mistake(node, $"site {twice} has two pools: give one pool several `sizes`");
            return null;
        }
        return new()
        {
            Pools = pools,
            Order = section.Get(Order, ScaleOrder.Preference),
            Most = section.Has(MostInAll) ? section.Get(MostInAll, 0) : null,
            Budget = section.Get(Budget, new ScaleBudget(null, null, null)),
        };
    }

    private static ScalePool? PoolOf(ConfigSection section, YamlNode node, ConfigFile file)
    {
        if (!section.Has(SiteKey) || !section.Has(Most))
        {
            file.Mistake(node, "a pool needs `site`, and `max`: how many machines at once");
            return null;
        }
        var usual = new ScalePool { Site = section.Get(SiteKey, ""), Most = section.Get(Most, 1) };
        var pool = usual with
        {
            Least = section.Get(Least, 0),
            MinImages = section.Has(MinImages) ? section.Get(MinImages, 0) : null,
            Idle = section.Get(Idle, usual.Idle),
            Boot = section.Get(Boot, usual.Boot),
            StartsPerMinute = section.Get(Starts, usual.StartsPerMinute),
            Hours = section.Has(OpenHours) ? section.Get(OpenHours, null!) : null,
            Sizes = [.. section.Get(Sizes, usual.Sizes).OrderBy(size => size.Images ?? int.MaxValue)],
            Node = section.Get(Node, usual.Node),
        };
        if (pool.Least > pool.Most)
        {
            file.Mistake(section.NodeOf(Least), $"min is {pool.Least}, and max is {pool.Most}");
            return null;
        }
        if (pool.Sizes.Count == 0)
        {
            file.Mistake(section.NodeOf(Sizes), "sizes is empty: leave it out for machines as the site gives them");
            return null;
        }
        return pool;
    }

    private static MachineSize SizeOf(ConfigSection section, YamlNode node, ConfigFile file) =>
        new()
        {
            Images = section.Has(Images) ? section.Get(Images, 0) : null,
            Cpus = section.Has(Cpus) ? section.Get(Cpus, 0) : null,
            Gpus = section.Has(Gpus) ? section.Get(Gpus, 0) : null,
            Memory = section.Has(Memory) ? section.Get(Memory, 0L) : null,
            Time = section.Has(Limit) ? section.Get(Limit, default) : null,
            Price = section.Get(Price, 0m),
        };

    private static PoolNode NodeOf(ConfigSection section, YamlNode node, ConfigFile file) =>
        new()
        {
            Engine = section.Get(Engine, "auto"),
            Image = section.Has(Image) ? section.Get(Image, "") : null,
            Data = section.Has(Data) ? section.Get(Data, "") : null,
            Slots = section.Get(Slots, 1),
            Program = section.Has(Program) ? section.Get(Program, "") : null,
        };

    private static ScaleBudget BudgetOf(ConfigSection section, YamlNode node, ConfigFile file) =>
        new(Amount(section, PerHour), Amount(section, PerDay), Amount(section, PerMonth));

    private static decimal? Amount(ConfigSection section, ConfigKey<decimal> key) =>
        section.Has(key) ? section.Get(key, 0m) : null;
}
