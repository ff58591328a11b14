namespace Telelaunch.Cli.Output;

/// <summary>Shows the phases of a start on standard error.</summary>
/// <remarks>Phases may overlap. After <see cref="Finish"/>, when the terminal belongs to the command, nothing is drawn any more.</remarks>
internal interface IProgressDisplay
{
    /// <summary>A phase began, or what it waits for changed.</summary>
    void Began(string phase);

    /// <summary>A phase ended well after so long.</summary>
    /// <param name="outcome">The phase in words, with what only its end has told.</param>
    void Ended(string phase, string outcome, TimeSpan duration);

    /// <summary>Something that a person should know now: an overlap, a program that is caught in part.</summary>
    void Note(string text);

    /// <summary>Takes everything back that isn't a plain line.</summary>
    void Finish();
}
