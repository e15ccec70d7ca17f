using Muster.Sites.Schedulers;

namespace Muster.Runs.Launching;

internal enum Phase : byte
{
    Planned,
    Staging,
    Launched,
    Queued,
    Running,
    Ended,
}

internal enum Submit : byte
{
    Loop,
    Decided,
    Delivering,
    Waiting,
    Done,
    Dead,
}

internal enum Launch : byte
{
    None,
    First,
    Lock,
    Check,
    Look,
    Wish,
    Mark,
    Ask,
    LookAgain,
    LookBehind,
    Refuse,
    RefuseRecord,
    RefuseLook,
    Known,
    Stop,
    AnswerLaunched,
    AnswerCancelled,
    AnswerRefused,
    AnswerDoubt,
    Gone,
}

internal enum Cancel : byte
{
    None,
    Ask,
    Written,
    Look,
    Record,
    AnswerLaunched,
    AnswerCancelled,
    AnswerDoubt,
}

internal enum JobStep : byte
{
    None,
    InFlight,
    Pending,
    Begun,
    Claimed,
    Unwished,
    Executing,
    Recorded,
    Completed,
    Cancelled,
}

internal enum ExitRecord : byte
{
    None,
    Zero,
    Cancelled,
}

internal readonly record struct Launcher(Launch Step, byte Handle, bool Again)
{
    public bool Lives => Step is not (Launch.None or Launch.Gone);
    public bool Answers =>
        Step is Launch.AnswerLaunched or Launch.AnswerCancelled or Launch.AnswerRefused or Launch.AnswerDoubt;
    public bool Holds => Step is > Launch.Lock and < Launch.AnswerLaunched;
}

/// <summary>What somebody who looks reads.</summary>
internal readonly record struct Seen(
    byte Launched,
    bool Cancel,
    bool Refused,
    bool Tried,
    byte Started,
    ExitRecord Exit
);

internal readonly record struct Moment(
    Phase Local,
    byte Handle,
    Outcome Outcome,
    bool EndedHere,
    bool Wished,
    bool Vanished,
    Submit Submitter,
    byte WaitsFor,
    Cancel Canceller,
    byte CancelHandle,
    bool CancelledOnce,
    bool Staged,
    bool Tried,
    byte Launched,
    bool Wish,
    bool Refused,
    byte Owner,
    byte Started,
    ExitRecord Exit,
    Launcher L1,
    Launcher L2,
    JobStep Job1,
    JobStep Job2,
    byte Executions,
    byte Faults
)
{
    /// <summary>All of it in two numbers: millions of them are compared.</summary>
    private (ulong, ulong) Key =>
        (
            Pack(
                (byte)Local,
                Handle,
                (byte)Outcome,
                (byte)Submitter,
                WaitsFor,
                (byte)Canceller,
                CancelHandle,
                Launched
            ),
            Pack(Owner, Started, (byte)Exit, (byte)Job1, (byte)Job2, Executions, Faults, 0)
                ^ ((ulong)Bits(EndedHere, Wished, Vanished, CancelledOnce, Staged, Tried, Wish, Refused) << 56)
        );

    private ulong Launchers =>
        Pack(
            (byte)L1.Step,
            L1.Handle,
            L1.Again ? (byte)1 : (byte)0,
            (byte)L2.Step,
            L2.Handle,
            L2.Again ? (byte)1 : (byte)0,
            0,
            0
        );

    public bool Equals(Moment other) => Key == other.Key && Launchers == other.Launchers;

    public override int GetHashCode() => HashCode.Combine(Key, Launchers);

    private static ulong Pack(byte a, byte b, byte c, byte d, byte e, byte f, byte g, byte h) =>
        a
        | (ulong)b << 8
        | (ulong)c << 16
        | (ulong)d << 24
        | (ulong)e << 32
        | (ulong)f << 40
        | (ulong)g << 48
        | (ulong)h << 56;

    private static byte Bits(bool a, bool b, bool c, bool d, bool e, bool f, bool g, bool h) =>
        (byte)(
            (a ? 1 : 0)
            | (b ? 2 : 0)
            | (c ? 4 : 0)
            | (d ? 8 : 0)
            | (e ? 16 : 0)
            | (f ? 32 : 0)
            | (g ? 64 : 0)
            | (h ? 128 : 0)
        );

    public JobStep Job(int number) => number == 1 ? Job1 : Job2;

    public Moment WithJob(int number, JobStep step) =>
        number == 1 ? this with { Job1 = step } : this with { Job2 = step };

    public Launcher Launcher(int number) => number == 1 ? L1 : L2;

    public Moment With(int number, Launcher launcher) =>
        number == 1 ? this with { L1 = launcher } : this with { L2 = launcher };
}

internal readonly record struct Step(string What, Moment To, bool Fault);
