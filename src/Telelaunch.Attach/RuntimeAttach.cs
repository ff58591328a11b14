using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Diagnostics.NETCore.Client;

namespace Telelaunch.Attach;

/// <summary>How a runtime took the request to load the shim.</summary>
public enum AttachAnswer
{
    /// <summary>The shim was loaded and called. What it made of the order it says to the session's broker itself.</summary>
    Called,

    /// <summary>The shim's file couldn't be loaded.</summary>
    NotLoaded,

    /// <summary>A profiler is in the process.</summary>
    ProfilerThere,

    /// <summary>The runtime doesn't load profilers.</summary>
    NotSupported,

    /// <summary>The runtime gave no answer in time, or closed the connection.</summary>
    NoAnswer,

    /// <summary>Any other answer.</summary>
    Failed,
}

/// <summary>What came of an order.</summary>
/// <param name="Detail">In the runtime's words.</param>
public sealed record AttachResult(AttachAnswer Answer, string Detail);

/// <summary>Has a running process's runtime load the shim and carry out an order, as if it were a profiler.</summary>
/// <remarks>
/// The runtime doesn't stop the application for it: its diagnostics thread calls dlopen(3) and <c>DllGetClassObject</c>. The shim is no profiler and says so with CLASS_E_CLASSNOTAVAILABLE, so this
/// answer is the good one. Loaded a second time it is the same shim, because it never lets itself be unloaded.
/// </remarks>
public static partial class RuntimeAttach
{
    /// <summary>The runtime waits for nothing in our case; the bound is for one that hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    // winerror.h: CLASS_E_CLASSNOTAVAILABLE; HRESULT_FROM_WIN32 of ERROR_MOD_NOT_FOUND and ERROR_PROC_NOT_FOUND.
    private const uint ClassNotAvailable = 0x80040111;
    private const uint ModuleNotFound = 0x8007007E;
    private const uint FunctionNotFound = 0x8007007F;

    /// <param name="diagnosticsSocket">See <see cref="DotnetProcess.DiagnosticsSocket"/>.</param>
    /// <param name="shim">The shim's file, where the process finds it too.</param>
    /// <exception cref="IOException">The order can't be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Neither may it.</exception>
    public static async Task<AttachResult> CarryOutAsync(string diagnosticsSocket, string shim, AttachVerb verb, string sessionDirectory, CancellationToken cancellationToken)
    {
        using var order = AttachOrder.Write(shim, verb, sessionDirectory);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(Patience);
        try
        {
            await using var connector = await DiagnosticsClientConnector.FromDiagnosticPort($"{diagnosticsSocket},connect", bound.Token);
            // The library's call blocks until the runtime answers; one that never does keeps the thread, not us.
            await Task.Run(() => connector!.Instance.AttachProfiler(Patience, order.Id, shim), bound.Token).WaitAsync(bound.Token);
            return new(AttachAnswer.Failed, "the runtime took the shim for a profiler");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(AttachAnswer.NoAnswer, string.Create(CultureInfo.InvariantCulture, $"no answer within {Patience.TotalSeconds} s"));
        }
        catch (ProfilerAlreadyActiveException error)
        {
            return new(AttachAnswer.ProfilerThere, error.Message);
        }
        catch (UnsupportedCommandException error)
        {
            return new(AttachAnswer.NotSupported, error.Message);
        }
        catch (ServerErrorException error)
        {
            return new(AnswerOf(error.Message), error.Message);
        }
        catch (Exception error) when (error is DiagnosticsClientException or IOException or System.Net.Sockets.SocketException or TimeoutException)
        {
            return new(AttachAnswer.NoAnswer, error.Message);
        }
    }

    // The library tells the runtime's answer in its message alone.
    internal static AttachAnswer AnswerOf(string message) =>
        Code().Match(message) is { Success: true } match && uint.TryParse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var code) ? code switch
        {
            ClassNotAvailable => AttachAnswer.Called,
            ModuleNotFound or FunctionNotFound => AttachAnswer.NotLoaded,
            _ => AttachAnswer.Failed,
        } : AttachAnswer.Failed;

    [GeneratedRegex("0x([0-9A-Fa-f]{8})")]
    private static partial Regex Code();
}
