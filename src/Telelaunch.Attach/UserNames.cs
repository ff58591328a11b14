using System.Globalization;

namespace Telelaunch.Attach;

/// <summary>Names of users by /etc/passwd (passwd(5)); a user who isn't there has his number.</summary>
internal sealed class UserNames
{
    private readonly Dictionary<string, string> _names;

    public UserNames(string passwd)
    {
        try
        {
            _names = File.ReadLines(passwd).Select(line => line.Split(':')).Where(fields => fields.Length > 2).DistinctBy(fields => fields[2]).ToDictionary(fields => fields[2], fields => fields[0]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _names = [];
        }
    }

    public string Of(uint user)
    {
        var number = user.ToString(CultureInfo.InvariantCulture);
        return _names.GetValueOrDefault(number, number);
    }
}
