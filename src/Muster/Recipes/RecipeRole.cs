namespace Muster.Recipes;

/// <summary>Ranks of a recipe that do the same.</summary>
/// <param name="Script">What they execute instead of the recipe's script, or of what the launch profile has for the
/// role.</param>
/// <param name="Count">How many, where neither the user nor the site says.</param>
public sealed record RecipeRole(
    string Name,
    string? Script,
    int? Count,
    int? Gpus,
    int? Cpus,
    string? Memory,
    bool Listens,
    bool? Serves
)
{
    /// <summary>
    /// The role as <c>--role</c> takes it: what the user asks for, and behind it what the recipe says of the rest.
    /// </summary>
    /// <param name="asked">Such as <c>worker=node1,node2,gpus=1</c>; null when the user says nothing of it.</param>
    /// <param name="siteHasIt">The site keeps hosts for the role.</param>
    public string Asked(string? asked, bool siteHasIt)
    {
        var items = asked is null || asked.Length == Name.Length ? [] : asked[(Name.Length + 1)..].Split(',').ToList();
        bool Says(string key) => items.Any(item => item.StartsWith(key + "=", StringComparison.Ordinal));
        if (Count is { } count && !siteHasIt && items.All(item => item.Contains('=')))
            items.Add($"{count}");
        if (Gpus is { } gpus && !Says("gpus"))
            items.Add($"gpus={gpus}");
        if (Cpus is { } cpus && !Says("cpus"))
            items.Add($"cpus={cpus}");
        if (Memory is { } memory && !Says("memory"))
            items.Add($"memory={memory}");
        if (Listens && !Says("ready"))
            items.Add("ready=port");
        if (Serves is { } serves && !Says("service"))
            items.Add($"service={(serves ? "yes" : "no")}");
        return items.Count == 0 ? Name : $"{Name}={string.Join(',', items)}";
    }
}
