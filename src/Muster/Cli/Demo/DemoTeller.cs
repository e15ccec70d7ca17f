using System.Text.Json;
using Muster.Cli.Terminal;
using Muster.Faults;

namespace Muster.Cli.Demo;

/// <summary>Tells what the demo does: a story for people, a line of JSON for each step to programs.</summary>
internal sealed class DemoTeller(Screen screen, bool json)
{
    public void Say(string text)
    {
        if (!json)
            screen.Data(text);
    }

    public void Quote(string text)
    {
        foreach (var line in text.Split('\n'))
            Say($"     {line}");
    }

    /// <summary>A step was seen, or the demo ends here.</summary>
    public void See(string step, bool seen, string text, bool quietly = false)
    {
        if (json)
            screen.Data(
                JsonSerializer.Serialize(new DemoStepView(1, step, seen, text), DemoAnswers.Plain.DemoStepView)
            );
        else if (!seen || !quietly)
            Say($"   {(seen ? screen.Paint("✓", Tint.Green) : screen.Paint("✗", Tint.Red))} {text}");
        if (!seen)
            throw new UserException(
                $"the demo's step '{step}' was not seen: {text}",
                "Please report it, with the lines above."
            );
    }
}

/// <summary>One step of `demo --json`.</summary>
public sealed record DemoStepView(int Schema, string Step, bool Seen, string Text);
