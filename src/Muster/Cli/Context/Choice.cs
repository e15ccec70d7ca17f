using System.CommandLine;
using System.CommandLine.Parsing;

namespace Muster.Cli.Context;

/// <summary>Options whose value is one of a few words.</summary>
internal static class Choice
{
    public static Option<T> Of<T>(string name, string description, T fallback)
        where T : struct, Enum =>
        new(name)
        {
            Description = description,
            HelpName = Words<T>(),
            CustomParser = result => Read<T>(name, result),
            DefaultValueFactory = _ => fallback,
        };

    public static Option<T?> Maybe<T>(string name, string description)
        where T : struct, Enum =>
        new(name)
        {
            Description = description,
            HelpName = Words<T>(),
            CustomParser = result => Read<T>(name, result),
        };

    public static string Word<T>(T one)
        where T : struct, Enum => one.ToString().ToLowerInvariant();

    private static T Read<T>(string name, ArgumentResult result)
        where T : struct, Enum
    {
        var word = result.Tokens[0].Value;
        foreach (var one in Enum.GetValues<T>())
            if (string.Equals(Word(one), word, StringComparison.OrdinalIgnoreCase))
                return one;
        result.AddError($"{name} '{word}' is none of {Words<T>()}");
        return default;
    }

    private static string Words<T>()
        where T : struct, Enum => string.Join('|', Enum.GetValues<T>().Select(Word));
}
