using System.Text.Json.Serialization;

namespace Muster.Sites.Clouds.Keeping;

/// <summary>Where a machine is in its life. Each state holds what is known in it and nothing else.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Planned), "planned")]
[JsonDerivedType(typeof(Asking), "asking")]
[JsonDerivedType(typeof(Doubtful), "doubtful")]
[JsonDerivedType(typeof(Made), "made")]
[JsonDerivedType(typeof(Booting), "booting")]
[JsonDerivedType(typeof(Preparing), "preparing")]
[JsonDerivedType(typeof(Ready), "ready")]
[JsonDerivedType(typeof(Destroying), "destroying")]
[JsonDerivedType(typeof(Gone), "gone")]
public abstract record MachineState
{
    private MachineState() { }

    [JsonIgnore]
    public abstract string Word { get; }

    /// <summary>It waits for its next attempt.</summary>
    public sealed record Planned : MachineState
    {
        public override string Word => "planned";
    }

    /// <summary>
    /// The provider is being asked. Whoever finds this and is not the one who asks treats it as doubtful.
    /// </summary>
    public sealed record Asking(MachineOrder Order, DateTimeOffset Sent) : MachineState
    {
        public override string Word => "asking";
    }

    /// <summary>It was asked for, and nobody knows what became of it.</summary>
    /// <param name="Absences">Answers after the grace time that it is not there.</param>
    public sealed record Doubtful(MachineOrder Order, DateTimeOffset Sent, int Looks, int Absences) : MachineState
    {
        public override string Word => "doubtful";
    }

    /// <summary>It exists, and does not run yet.</summary>
    public sealed record Made(DateTimeOffset Since) : MachineState
    {
        public override string Word => "made";
    }

    /// <summary>It runs and has an address; nobody has been inside yet.</summary>
    public sealed record Booting(DateTimeOffset Since) : MachineState
    {
        public override string Word => "booting";
    }

    /// <summary>Somebody is inside and sets it up.</summary>
    public sealed record Preparing(DateTimeOffset Since) : MachineState
    {
        public override string Word => "preparing";
    }

    public sealed record Ready(DateTimeOffset Since) : MachineState
    {
        public override string Word => "ready";
    }

    /// <summary>It goes, until it is proved gone with everything that came with it.</summary>
    public sealed record Destroying(DateTimeOffset Since, string Why, int Tries) : MachineState
    {
        public override string Word => "destroying";
    }

    /// <param name="Fault">Why no machine could be made, where that is the reason.</param>
    public sealed record Gone(DateTimeOffset At, string Why, CloudFault? Fault) : MachineState
    {
        public override string Word => "gone";
    }
}
